// SPDX-License-Identifier: MIT
// Which faults affected a node, or the path of a value to it.

// Parses the group of nodes at the start of a text, "n1, n4..n7", "all" or "rest", as in scenarios:
// {nodes: a Set, or null for all or rest; word; rest: the text after it}; null: there is no group.
function groupOf(text) {
  const found = /^\s*((?:n\d+(?:\.\.n?\d+)?)(?:[\s,]+n\d+(?:\.\.n?\d+)?)*|all\b|rest\b)/.exec(text);
  if (!found) return null;
  const rest = text.slice(found[0].length);
  if (found[1] === "all" || found[1] === "rest") return { nodes: null, word: found[1], rest };
  const nodes = new Set();
  for (const range of found[1].split(/[\s,]+/)) {
    const [first, last = first] = range.split("..").map(end => +end.replace("n", ""));
    for (let node = first; node <= last && node <= 0xffff; node++) nodes.add(node);
  }
  return { nodes, word: "", rest };
}

// What a fault is applied to, by its text: {nodes}; {links: has(from, to)};
// or {} if the text does not say.
function reachOf(fault) {
  const { kind, text } = fault;
  if (["crash", "pause", "slow", "clock", "drift"].includes(kind)) {
    const group = groupOf(text.replace(/^\w+/, ""));
    return group ? { nodes: group.nodes } : {};
  }
  const between = /\bbetween\b/.exec(text);
  if (kind !== "cut" && !between) return { links: () => true };
  let rest = between ? text.slice(between.index + 7) : text.replace(/^(cut|flap)\b|^[^:]*:/, "");
  if (text.includes("…")) return {};
  const groups = [];
  let oneWay = false;
  for (let group = groupOf(rest); group; group = groupOf(rest)) {
    groups.push(group);
    const mark = /^\s*([|>])/.exec(group.rest);
    if (!mark) break;
    oneWay = oneWay || mark[1] === ">";
    rest = group.rest.slice(mark[0].length);
  }
  if (groups.length < 2) return {};
  const named = new Set(groups.flatMap(group => [...group.nodes || []]));
  const has = (group, node) => group.nodes ? group.nodes.has(node) : group.word === "all" || !named.has(node);
  const links = (from, to) => groups.some((a, i) => groups.some((b, k) =>
    i !== k && (!oneWay || i < k) && has(a, from) && has(b, to)));
  return { links };
}

// The faults between two moments that affected a node, or the path to it: [{fault, how}]. path: pairs
// [from, to] of nodes. A fault of links affected it if it dropped, or could have changed, a message on
// these links; the faults that dropped most come first.
function faultsAffecting(model, node, path, from, until, faults = model.faults) {
  const links = new Set(path.map(([a, b]) => a * 65536 + b)), nodes = new Set([node, ...path.flat()]);
  const outcomes = { cut: Outcome.CUT, lose: Outcome.LOST, limit: Outcome.FULL }, out = [];
  const { at, until: ends, message, outcome } = model.copies;
  for (const fault of faults) {
    if (fault.from >= until || fault.to <= from || fault.kind === "crash" || fault.kind === "pause") continue;
    const reach = reachOf(fault), begin = Math.max(from, fault.from), end = Math.min(until, fault.to);
    if (["slow", "clock", "drift"].includes(fault.kind)) {
      const affected = [...nodes].filter(n => !reach.nodes || reach.nodes.has(n)).map(n => "n" + n);
      if (affected.length) out.push({ fault, weight: 0, how: `it applies to ${affected.slice(0, 8).join(", ")}` });
      continue;
    }
    const wanted = outcomes[fault.kind], count = { to: 0, from: 0, path: 0 };
    // A message that is in flight when the fault begins is subject to it.
    for (const c of model.copiesSent(begin - model.longestDelay, end)) {
      const m = message[c], a = model.from[m], b = model.to[m];
      if (a === CLIENT || ends[c] < begin || (wanted ? outcome[c] !== wanted || ends[c] > end : at[c] < begin)) continue;
      const via = b === node ? "to" : a === node ? "from" : links.has(a * 65536 + b) ? "path" : "";
      if (via === "" || (reach.links && !reach.links(a, b))) continue;
      count[via]++;
    }
    const parts = [];
    if (count.to) parts.push(`${grouped(count.to)} to n${node}`);
    if (count.from) parts.push(`${grouped(count.from)} from n${node}`);
    if (count.path) parts.push(`${grouped(count.path)} on the path`);
    if (parts.length === 0) continue;
    const sum = count.to + count.from + count.path;
    out.push({ fault, weight: wanted ? sum : 0, how: `it ${wanted ? "dropped" : "could affect"} ${parts.join(", ")
      .replace(/\d(?= )/, parts[0].startsWith("1 ") ? "$& message" : "$& messages")}` });
  }
  return out.sort((a, b) => b.weight - a.weight);
}
