// SPDX-License-Identifier: MIT
// Answers about logs and registers: why a node does not return a message yet, and why a client read
// an older value. `why` is the explainer's {whyLacks, path, step, history, downtimes, faultItem, finish}.
function storyteller(model, why) {
  const { operations } = model;
  const firstHad = (node, item) => why.history(node, item).find(change => change.has);
  const after = (from, to) => `${duration(Math.max(0, to - from))} after`;

  // What the client was told.
  function outcomeOf(op) {
    if (!op.reply) return model.keptUntil < Infinity ? "its reply is not shown" : "no reply";
    const { type, body } = op.reply, passed = op.reply.at - op.at;
    const delay = passed < 5e-5 ? "at once" : `after ${duration(passed)}`;
    if (type === "error") return `error ${body.code} ${delay}${body.text ? `: ${abridged(body.text, 100)}` : ""}`;
    return `acknowledged ${type === "send_ok" ? `at offset ${body.offset} ` : ""}${delay}`;
  }
  function request(op) {
    const copy = model.copies.message.indexOf(op.message);
    const what = op.kind === "txn" ? `${op.client} at n${op.node}: ${operationsText(shownOf(op), 8)}` : `${op.client} sent it to n${op.node}`;
    return { text: `${what} at ${seconds(op.at)}, ${outcomeOf(op)}`, copy };
  }

  // ---- Logs ----
  function whyNotReturned(name, items, text, moment) {
    const node = +name.slice(1), [item] = items;
    if (node >= model.nodes || items.length === 0 || model.createdAt[item] < 0) return why.whyLacks(name, items, text, moment);
    const v = model.items.value[item], element = operations.elements[v], what = operations.textOf(v);
    const had = firstHad(node, item), stable = operations.stableAt(node, element.offset);
    const returned = operations.returnedBy(v).get(node), sent = model.createdAt[item];
    if (!had || (moment !== undefined && had.at > moment)) {
      const answer = why.whyLacks(name, items, text, moment), missing = had || moment === undefined;
      return missing ? { ...answer, title: `${name} never returned ${what}${had ? " by then" : ""}. ${answer.title}` } : answer;
    }
    const facts = { name, node, element, had, stable, returned, moment };
    const end = returned ? returned.at : moment ?? model.end_at, steps = why.path(node, item, had.at);
    const parts = [{ heading: `From the client to ${name}'s polls`, items: [...beginning(v), ...steps.filter(s => s.from !== CLIENT).map(why.step),
      ...ending(facts)] }, ...waiting(facts), ...polling(facts)];
    const answer = why.finish(title(facts, what, sent), parts, steps, [], sent, end);
    return { ...answer, marks: [{ at: returned ? returned.at : had.at, node }] };
  }
  function title({ name, stable, returned, moment, had }, what, sent) {
    if (moment !== undefined && (!returned || returned.at > moment)) {
      const state = stable === undefined ? `it had received it at ${seconds(had.at)}.`
        : stable < 0 || stable > moment ? `it had received it at ${seconds(had.at)}, but it was not stable yet.`
        : `it could from ${seconds(stable)} on, but no client's poll had asked for it.`;
      return `At ${seconds(moment)} ${name} had not returned ${what}: ${state}`;
    }
    const shown = returned?.at > model.keptUntil ? " in this report" : "";
    if (stable >= 0) {
      return `${name} could return ${what} from ${seconds(stable)} on, ${after(sent, stable)} it was sent; ` +
        (!returned ? `no poll${shown} did.` : `its first poll${shown} that did was at ${seconds(returned.at)}, of ${returned.client}.`);
    }
    return returned ? `${name} first returned ${what} at ${seconds(returned.at)}, to ${returned.client}: ${after(sent, returned.at)} it was sent.`
      : `${name} never returned ${what}.`;
  }
  const beginning = v => operations.opOf.has(v) ? [request(operations.opOf.get(v))] : [];
  function ending({ name, had, stable, returned }) {
    const items = [];
    if (stable >= 0) items.push({ text: `it was stable at ${name} at ${seconds(stable)}, ${after(had.at, stable)} it arrived` });
    else if (stable < 0) items.push({ text: `it never became stable at ${name}` });
    if (returned) items.push({ text: `${name} returned it to ${returned.client} at ${seconds(returned.at)}` });
    return items;
  }
  // Whose promise the node waited for while it had the message, and what delayed that promise.
  function waiting({ name, node, element, had, stable, moment }) {
    if (stable === undefined) {
      return ["The report of processes does not show what a node waits for before it returns a message."];
    }
    const until = stable < 0 ? moment ?? model.end_at : stable;
    if (until - had.at < 1e-6) return [];
    const waits = operations.waits(node, had.at, until).filter(w => w.time > 1e-6), parts = [];
    const texts = waits.slice(0, 3).map(({ node: n, time }) => `${n === node ? "its own store" : `n${n}`} for ${duration(time)}`);
    const { holder, since } = operations.cutAt(node, until - 1e-6);
    const last = holder < 0 || holder === node ? "" : `, at last n${holder} since ${seconds(since)}`;
    parts.push(`A message is returned once it is stable: when every node has promised to give no offset below ${element.offset + 1} any more. ` +
      `${name} waited for these promises from ${seconds(had.at)} to ${stable < 0 ? "the end" : seconds(until)}: ` +
      `${texts.join(", ")}${last}.`);
    const nodes = waits.filter(w => w.node !== node).slice(0, 3).map(w => w.node), worst = new Map(); // by fault
    for (const at of [node, ...nodes]) { // a promise may go through other nodes
      for (const found of faultsAffecting(model, at, [], had.at, until)) {
        const before = worst.get(found.fault);
        if (!before || found.weight > before.weight) worst.set(found.fault, found);
      }
    }
    const items = [...why.downtimes(new Set([node, ...nodes]), had.at, until),
      ...[...worst.values()].map(({ fault, how }) => why.faultItem(fault, how))];
    if (items.length) parts.push({ heading: "What delayed the promises", items, loose: true });
    else parts.push("No fault delayed them.");
    return parts;
  }
  // The polls that could have returned the message.
  function polling({ name, node, element, had, stable, returned, moment }) {
    const from = stable === undefined ? had.at : stable, until = returned ? returned.at : moment ?? model.end_at;
    if (from < 0 || until - from < 1e-6) return [];
    const polls = operations.pollsOf(node, element, from, until).filter(op => !returned || op.reply?.at !== returned.at);
    const since = `between ${seconds(from)} and ${seconds(until)}`, key = plain(element.key);
    if (polls.length === 0 && model.keptUntil < until) return [`This report omits polls from ${seconds(model.keptUntil)} on, except final ones.`];
    if (polls.length === 0) return [`No client polled key ${key} at ${name} for it ${since}.`];
    const items = polls.slice(0, 5).map(op => ({ copy: model.copies.message.indexOf(op.message),
      text: `${op.client} at ${seconds(op.at)}, from offset ${op.body.offsets[element.key]}` }));
    if (polls.length > 5) items.push({ text: `… and ${polls.length - 5} more` });
    return [{ heading: `Polls of key ${key} at ${name} that did not return it, ${since}`, items, loose: true }];
  }

  // ---- Registers ----
  function whyRead(client, text, moment) {
    const [key, ...rest] = text.split("="), read = rest.join("=");
    let found = null;
    for (const op of operations.list) {
      if (op.client !== client || op.kind !== "txn" || !op.reply) continue;
      const match = operations.readsOf(op).find(r => plain(r.key) === key && (r.read === read || plain(JSON.parse(r.read)) === read));
      if (!match) continue;
      if (found === null || (moment !== undefined && Math.abs(op.reply.at - moment) < Math.abs(found.op.reply.at - moment))) found = { op, match };
    }
    if (found === null) return { title: `${client} never read ${text}, as far as this report shows.` };
    const { op, match } = found, newer = operations.newerThan(op, match), at = seconds(op.reply.at), name = "n" + op.node;
    const head = { heading: "The transaction that read it", items: [request(op)] };
    if (newer.length === 0) return readNewest(op, match, text, head);
    const { value, written } = newer.at(-1), item = model.firstItem[value], version = `${key}=${plain(JSON.parse(written))}`;
    const answer = model.blind ? { parts: [] } : why.whyLacks(name, [item], version, op.reply.at);
    const had = why.history(op.node, item).some(change => change.has && change.at <= op.reply.at);
    const writer = operations.opOf.get(value);
    const title = `${client} read ${text} at ${name} at ${at}, though ${version} was ${duration(op.reply.at - model.createdAt[item])} old: ` +
      (had ? `${name} had ${model.blind ? "shown" : "received"} it already.` : model.blind ? `no read at ${name} had returned it yet.` : `${name} had not received that transaction yet.`);
    const others = newer.length > 1 ? [`${grouped(newer.length)} writes of ${key} were newer: ` +
      `${newer.slice(-6).map(n => `${key}=${plain(JSON.parse(n.written))}`).join(", ")}.`] : [];
    const writing = writer ? [{ heading: `The transaction that wrote ${version}`, items: [request(writer)] }] : [];
    return { ...answer, title, parts: [head, ...writing, ...others, answer.title, ...(answer.parts || [])].filter(Boolean) };
  }
  function readNewest(op, { key, read }, text, head) {
    const source = read === "null" ? undefined : operations.named.get(text), parts = [head];
    const none = read === "null" ? `no node had a write of ${plain(key)} before.` : `no node had a newer write of ${plain(key)}.`;
    const title = `${op.client} read ${text} at n${op.node} at ${seconds(op.reply.at)}: ${none}`;
    const steps = source === undefined ? [] : why.path(op.node, model.firstItem[source], op.reply.at);
    if (steps.length) parts.push({ heading: `How ${text} reached n${op.node}`, items: steps.map(why.step) });
    return why.finish(title, parts, steps, [], op.at, op.reply.at);
  }

  // What "who has" says besides.
  function more(v) {
    const element = operations.elements[v], parts = [];
    if (element.writes) return transactionParts(v, element);
    const items = [];
    for (let node = 0; node < model.nodes; node++) {
      const stable = operations.stableAt(node, element.offset), returned = operations.returnedBy(v).get(node), words = [];
      if (stable !== undefined) words.push(stable < 0 ? "never stable" : `stable at ${seconds(stable)}`);
      words.push(returned ? `first returned at ${seconds(returned.at)}, to ${returned.client}` : "not returned by a poll");
      items.push({ text: `n${node}: ${words.join(", ")}` });
    }
    parts.push({ heading: "When nodes could return it, and did", items, loose: true });
    return [...beginningPart(v), ...parts];
  }
  const beginningPart = v => beginning(v).length ? [{ heading: "The request", items: beginning(v) }] : [];
  function transactionParts(v, { writes }) {
    const overwritten = writes.slice(0, 8).map(([key, value]) => {
      const next = operations.successor(key, v), op = operations.opOf.get(next);
      const by = next === undefined ? "not overwritten" : `overwritten by ${plain(key)}=${plain(operations.writeOf(next, key))}` +
        (op ? `, of ${op.client} at n${op.node} at ${seconds(op.at)}` : "");
      return { text: `${plain(key)}=${plain(value)}: ${by}` };
    });
    const names = new Set(writes.map(([key, value]) => JSON.stringify(key) + "=" + JSON.stringify(value)));
    const readers = operations.list.filter(op => operations.readsOf(op).some(r => names.has(JSON.stringify(r.key) + "=" + r.read)));
    const parts = [...beginningPart(v), { heading: "What became of its writes", items: overwritten, loose: true }];
    if (readers.length) {
      const items = readers.slice(0, 8).map(request);
      if (readers.length > 8) items.push({ text: `… and ${readers.length - 8} more` });
      parts.push({ heading: "Transactions that read them", items, loose: true });
    }
    return parts;
  }

  // The nodes at which reads returned a write, for nodes whose messages do not show what they have.
  function readers(item, text) {
    const v = model.items.value[item], has = [], without = [];
    for (let node = 0; node < model.nodes; node++) {
      const first = firstHad(node, item);
      if (first) has.push({ node, at: first.at }); else without.push("n" + node);
    }
    has.sort((a, b) => a.at - b.at);
    const title = `Messages of these nodes do not show which of them has ${text}. ` +
      (has.length ? `Replies show it at ${has.map(({ node, at }) => `n${node} from ${seconds(at)}`).join(", ")}` : "No reply shows it") +
      (has.length && without.length ? `, and none at ${without.join(", ")}.` : ".");
    return { title, parts: more(v) };
  }

  // The question that the page suggests: about the message that was stable last at a node, or the
  // read that was most out of date.
  function example() {
    let worst = null;
    const consider = (wait, question) => { if (worst === null || wait > worst.wait) worst = { wait, question }; };
    if (model.run.log) {
      operations.elements.forEach(({ offset }, v) => {
        const sent = model.createdAt[model.firstItem[v]], { at, node } = operations.stableEverywhere(offset);
        if (sent >= 0 && at >= 0) consider(at - sent, () => `why does n${node} not return ${operations.textOf(v)}?`);
      });
    } else {
      for (const op of operations.list) {
        for (const match of operations.readsOf(op)) {
          const newer = operations.newerThan(op, match).at(-1);
          if (newer) consider(op.reply.at - model.createdAt[newer.value], () => questionOf(op, match));
        }
      }
    }
    return worst && worst.question();
  }
  return { whyNotReturned, whyRead, more, readers, example };
}

// The question why a transaction read what it did.
const questionOf = (op, { key, read }) =>
  `why did ${op.client} read ${plain(key)}=${plain(JSON.parse(read))} at ${+op.reply.at.toFixed(3)} s?`;
