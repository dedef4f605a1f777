// SPDX-License-Identifier: MIT
// Answers questions about which node has which item, and about the item's path. An item is a value, or
// the addition that raised an entry of a counter to a count.
const DISK_MAX = 5; // seconds that writing a value to disk may take

function explainer(model) {
  const timelines = new Map(); // by node and value
  const added = model.run.log ? "sent" : model.run.txn ? "written" : "added";

  // Returns {title, parts, copies, marks, span} or only {title}. A part is a paragraph, or
  // {heading, items: [{text, copy}]}. copies, marks and span are what the diagram highlights.
  function ask(question) {
    const text = question.trim().replace(/\s+/g, " "), momentOf = digits => digits === undefined ? model.end_at : +digits;
    const forms = [
      ...(model.operations ? [
        [/\bwhy\b.*?\b(n\d+)\b (?:not|never|cannot|did not|had not|has not)? ?(?:return|serve|show)\w* (\S.*?)(?: at ([\d.]+) ?s?)? ?\??$/i,
          ([, node, item, moment]) => whyNotReturned(node, itemsOf(item), item, moment && +moment)],
        [/\bwhy\b.*?\b(c\d+)\b (?:read|reads|see|sees|saw) (\S+=\S+?)(?: at ([\d.]+) ?s?)? ?\??$/i,
          ([, client, read, moment]) => whyRead(client, read, moment && +moment)],
      ] : []),
      [/\bwhy\b.*?\b(n\d+)\b(?:'s \w+)?\s*(?:lack|miss|not know|not have|not count|not return|without)?\w*\s+(\S.*?)(?:\s+at\s+([\d.]+)\s*s?)?\s*\??$/i,
        ([, node, item, moment]) => whyLacks(node, itemsOf(item), item, moment && +moment)],
      [/\bwho\b.*?\b(?:has|had|knows|lacks|counts|read|returned)\s+(\S.*?)\s*\??$/i, ([, item]) => whoHas(itemsOf(item), item)],
      [/\bwhat\b.*?\bhappened\b.*?\b(n\d+)\b(?:\s+at\s+([\d.]+)\s*s?)?\s*\??$/i, ([, node, moment]) => happened(node, momentOf(moment))],
      [/\bwho\b.*?\b(?:sent|sends|spoke|speaks)\b(?:.*?\bat\s+([\d.]+)\s*s?)?\s*\??$/i, ([, moment]) => traffic(momentOf(moment))],
      [/\bwhat\b.*?\b(?:took|takes|was|is)\b.*?\b(?:longest|slowest)\b/i, slowest],
    ];
    for (const [form, answer] of forms) {
      const found = form.exec(text);
      if (found) return answer(found);
    }
    const example = exampleName(model);
    return { title: `Ask, for example: why does n7 lack ${example}? who has ${example}? what happened at n7 at 6.5 s? who sent at 6.5 s?` };
  }
  // Of the items that reached all nodes, the one that took longest, and the last node to receive it.
  function slowestItem() {
    const { createdAt, everywhereAt } = model, took = item => everywhereAt[item] - createdAt[item];
    let slowest = 0;
    for (let item = 0; item < createdAt.length; item++) {
      if (createdAt[item] < 0 || everywhereAt[item] < 0) continue;
      if (everywhereAt[slowest] < 0 || took(item) > took(slowest)) slowest = item;
    }
    return { item: slowest, node: model.lastNode[slowest] };
  }
  function slowest() {
    if (model.values.length === 0) return { title: `This report shows no ${model.item[1]} that a node could lack.` };
    const { item, node } = slowestItem(), answer = whyLacks(`n${node}`, [item], model.itemText(item));
    const { createdAt, everywhereAt } = model, never = createdAt.filter((at, i) => at >= 0 && everywhereAt[i] < 0).length;
    const first = everywhereAt[item] < 0 ? `No ${model.item[0]} ever reached all nodes.`
      : `${model.itemText(item)} took longest to reach all nodes` +
        `${never ? ` (${grouped(never)} never did)` : ""}.`;
    return { ...answer, title: `${first} ${answer.title}` };
  }
  // The question that the page suggests.
  function example() {
    const told = stories && stories.example();
    if (told) return told;
    const { item, node } = slowestItem();
    return `why does n${node} lack ${model.itemText(item)}?`;
  }
  // The items that a text names: a value; for a counter n3+412, or all of n3+, n3/2- or n3.
  function itemsOf(text) {
    if (model.operations) {
      const value = model.operations.valueOf(text);
      return value === undefined ? [] : [model.firstItem[value]];
    }
    if (!model.run.counter) {
      const value = model.valueNumbers.get(text) ?? model.valueNumbers.get(JSON.stringify(text));
      return value === undefined ? [] : [value];
    }
    const found = /^(n\d+)(?:\/(\d+))?(?:'s)?\s*(?:(?:latest|newest)\s+)?(\+|-|−|additions?|increments?|subtractions?)?\s*(\d+)?$/i.exec(text);
    if (!found) return [];
    const [, node, incarnation, signText, count] = found, out = [];
    const sign = !signText ? count && "+" : /^[+ai]/i.test(signText) ? "+" : "-";
    model.entries.forEach((entry, v) => {
      if (entry.node !== node || (sign && entry.sign !== sign)) return;
      if ((incarnation || count) && entry.incarnation !== +(incarnation || 1)) return;
      let item = model.firstItem[v];
      while (count && item < model.firstItem[v + 1] && model.items.count[item] < +count) item++;
      for (; item < model.firstItem[v + 1]; item++) {
        out.push(item);
        if (count) break;
      }
    });
    return out;
  }

  // The counts that a node had of a value: [{at, count, message}], 0 after a crash.
  function timeline(node, value) {
    const name = node + " " + value;
    if (timelines.has(name)) return timelines.get(name);
    const { at, node: learner, value: learned, count, message } = model.learned, out = [];
    let has = 0;
    for (let i = 0; i < at.length; i++) {
      if (learner[i] !== node || (learned[i] !== value && learned[i] !== -1)) continue;
      if (learned[i] === -1 ? has === 0 : count[i] <= has) continue;
      has = learned[i] === -1 ? 0 : count[i];
      out.push({ at: at[i], count: has, message: message[i] });
    }
    timelines.set(name, out);
    return out;
  }
  // When a node received and lost an item: [{at, has, message}].
  function history(node, item) {
    const { value, count } = model.items, out = [];
    let has = false;
    for (const change of timeline(node, value[item])) {
      if (has === change.count >= count[item]) continue;
      has = !has;
      out.push({ at: change.at, has, message: change.message });
    }
    return out;
  }
  // The count that a node has of an item's value at a moment.
  function countAt(node, item, moment) {
    const past = timeline(node, model.items.value[item]).filter(c => c.at <= moment);
    return past.length ? past[past.length - 1].count : 0;
  }

  // The count of an item's value in a message; 0 if the message does not include the item.
  function carries(message, item) {
    const { value, count } = model.items, key = model.values[value[item]];
    const body = model.body(message);
    if (model.operations && model.from[message] === CLIENT) {
      return requestKey(parseJson(body), model.run) === requestOfKey(key, model.run) ? 1 : 0;
    }
    // First a fast search, for keys that can be spelled in only one way.
    const stamp = model.stamps.get(key);
    if (stamp && !body.includes(JSON.stringify(stamp[0]))) return 0;
    const part = model.run.counter ? key.slice(0, key.indexOf(",")) : key;
    if (/^-?\d+$|^\["n\d+"$/.test(part) && !body.includes(part)) return 0;
    const found = carried(parseJson(body), model.run).find(e => e.key === key && e.count >= count[item]);
    return found ? found.count : 0;
  }
  // The message by which a node received an item. If the node had to write the item to disk first, it is
  // the latest message that carried the item. −1: there is none, so the node had the item already.
  function source(node, item, gained) {
    if (gained.message >= 0 || gained.message === OMITTED) return gained.message;
    const { message, until, outcome } = model.copies, moment = gained.at;
    const crashed = model.states[node].filter(s => s.what === "down" && s.at <= moment).pop();
    const since = Math.max(moment - DISK_MAX, crashed ? crashed.at : 0);
    let best = -1, latest = since;
    for (const c of model.copiesSent(since - model.longestDelay, moment)) {
      const m = message[c];
      if (model.to[m] !== node || outcome[c] !== Outcome.DELIVERED) continue;
      if (until[c] < latest || until[c] > moment + 1e-6 || carries(m, item) === 0) continue;
      best = m;
      latest = until[c];
    }
    return best;
  }
  // The latest copy of a message that was delivered by a moment.
  function copyAt(message, moment) {
    const { message: of, until, outcome } = model.copies;
    let best = -1;
    for (const c of model.copiesSent(model.at[message] - 1e-9, moment)) {
      if (of[c] === message && outcome[c] === Outcome.DELIVERED && until[c] <= moment + 1e-6) best = c;
    }
    return best;
  }

  // The path of an item to a node: the steps from the client that added it, in order of time.
  function path(node, item, moment) {
    const steps = [], seen = new Set();
    while (node !== CLIENT && !seen.has(node)) {
      seen.add(node);
      const gained = history(node, item).filter(s => s.at <= moment + 1e-9 && s.has).pop();
      if (!gained) break;
      const step = acquisition(node, item, gained);
      steps.unshift(step);
      if (step.message < 0) break;
      node = step.from;
      moment = model.at[step.message];
    }
    return steps;
  }
  function acquisition(node, item, gained) {
    const message = source(node, item, gained), { at } = gained;
    if (message < 0) return { at, node, from: node, message, copy: -1, item };
    return { at, node, from: model.from[message], message, copy: copyAt(message, at), item };
  }

  // Copies sent to a node between two moments that carried an item and were dropped.
  function dropsOf(node, item, from, to) {
    const { message, outcome } = model.copies, out = [];
    for (const c of model.copiesSent(from, to)) {
      const m = message[c];
      if (outcome[c] < Outcome.CUT || model.to[m] !== node || model.from[m] === CLIENT) continue;
      if (carries(m, item) > 0) out.push({ copy: c, item });
    }
    return out;
  }

  // What a message carries: "it", or for a counter a text such as "n3+412", which may include more than the item.
  function carriedText(message, item) {
    if (!model.run.counter) return "it";
    const count = carries(message, item);
    return count > 0 ? model.textOf(model.items.value[item], count) : "it";
  }
  const clientOf = message => model.operations ? model.operations.ofMessage.get(message).client : "a client";
  function step(s) {
    const at = seconds(s.at);
    if (s.message < 0) {
      const own = model.run.counter && model.entries[model.items.value[s.item]].node === "n" + s.node;
      const omitted = s.message === OMITTED || s.at > model.keptUntil;
      return { text: omitted ? `n${s.node} received it at ${at}, in a message that this report omits`
        : model.inferred && own ? `n${s.node} counted it by ${at}`
        : model.inferred ? `n${s.node} had it by ${at}; no message shows its path`
        : `n${s.node} had read it from its disk by ${at}` };
    }
    if (s.from === CLIENT) return { text: `${clientOf(s.message)} sent it to n${s.node} at ${at}`, copy: s.copy };
    const delay = s.copy >= 0 ? `, ${duration(s.at - model.copies.at[s.copy])} after it was sent` : "";
    return { text: `n${s.node} received ${carriedText(s.message, s.item)} from n${s.from} at ${at} ` +
      `(${model.types[model.type[s.message]]}${delay})`, copy: s.copy };
  }
  function dropItem({ copy, item }) {
    const m = model.copies.message[copy];
    return { text: `n${model.from[m]} sent ${carriedText(m, item)} to n${model.to[m]} at ` +
      `${seconds(model.copies.at[copy])}, ${outcomeText[model.copies.outcome[copy]]}`, copy, dropped: true };
  }

  function whyLacks(name, items, text, moment) {
    const node = +name.slice(1);
    if (node >= model.nodes) return unknownNode(name);
    if (items.length === 0) return { title: `No node ever had ${text}, as far as this report shows.` };
    if (model.blind) return stories.readers(items[0], text);
    const hidden = missingFromRead(name, node, items, moment);
    if (hidden) return hidden;
    const first = items.reduce((a, b) => model.createdAt[b] < model.createdAt[a] ? b : a);
    if (moment !== undefined && moment < model.createdAt[first]) {
      return { title: `At ${seconds(moment)} no node had ${text}: ` +
        `it was ${added} at ${seconds(model.createdAt[first])}.` };
    }
    // Of the items in the question, the one that the node lacked longest; with a moment, lacked then.
    let worst = null;
    for (const item of items) {
      const gaps = gapsOf(history(node, item), model.createdAt[item]);
      for (const gap of gaps) {
        if (moment !== undefined && (gap.from > moment || gap.until <= moment)) continue;
        if (worst === null || gap.until - gap.from > worst.gap.until - worst.gap.from) {
          worst = { item, gap, others: gaps.filter(g => g !== gap) };
        }
      }
    }
    if (worst !== null) return explain(name, node, worst);
    const item = items.filter(i => model.createdAt[i] <= moment).pop();
    const since = history(node, item).filter(s => s.at <= moment).pop().at;
    const steps = path(node, item, moment);
    return finish(`${name} does not lack ${model.itemText(item)} at ${seconds(moment)}: it has ` +
      `had it since ${seconds(since)}.`,
    [{ heading: `How ${model.itemText(item)} reached ${name}`, items: steps.map(s => step(s)) }], steps, [], since);
  }
  // The intervals in which a node lacked an item: from its creation, or from a crash.
  function gapsOf(history, createdAt) {
    const out = [];
    let from = createdAt, crashed = false;
    for (const change of history) {
      if (change.has) out.push({ from, until: change.at, crashed, received: true });
      from = change.at;
      crashed = !change.has;
    }
    if (crashed || history.length === 0) out.push({ from, until: model.end_at, crashed, received: false });
    return out;
  }
  function explain(name, node, { item, gap, others }) {
    const { from, until } = gap, wait = until - from, parts = [], text = model.itemText(item);
    const failed = dropsOf(node, item, from, until);
    const steps = gap.received ? path(node, item, until) : pathToMainSender(node, item, from);
    const since = gap.crashed ? `from ${seconds(from)}, when a crash erased it,`
      : `from ${seconds(from)}, when it was ${added},`;
    const title = !gap.received ? `${name} lacked ${text} ${since} to the end.`
      : wait < 1e-6 ? `${name} never lacked ${text}: it was the first to have it, at ${seconds(from)}.`
      : `${name} lacked ${text} for ${duration(wait)}: ${since} until ${seconds(until)}.`;
    if (wait > 1e-6) parts.push(versions(name, node, item, from, until));
    if (steps.length) {
      const end = `n${steps.at(-1).node}`;
      parts.push({ heading: gap.received ? `How ${text} reached ${name}`
        : `How ${text} reached ${end}, the main sender of what ${name} received`, items: steps.map(s => step(s)) });
    }
    if (gap.received) parts.push(longestWait(steps, from));
    const lost = gap.received ? "" : lostEverywhere(item);
    if (lost) parts.push(lost);
    const obstacles = obstaclesOf(name, node, text, from, until, failed, steps, gap.received);
    if (!lost || typeof obstacles !== "string") parts.push(obstacles);
    for (const other of others.filter(g => g.until - g.from > 1e-6)) {
      parts.push(`${name} also lacked ${text} for ${duration(other.until - other.from)}, from ${seconds(other.from)}` +
        (other.crashed ? ", after a crash." : other.received ? `, when it was ${added}.` : " to the end."));
    }
    return finish(title, parts.filter(Boolean), steps, failed, from, until);
  }
  // For a counter: the counts of the entry at this node and at the others in this time.
  function versions(name, node, item, from, until) {
    const { value, count } = model.items;
    if (!model.run.counter) return "";
    const v = value[item], { node: owner, sign } = model.entries[v], has = countAt(node, item, from);
    const what = sign === "+" ? "added" : "subtracted";
    let last = item;
    while (last + 1 < model.firstItem[v + 1] && model.createdAt[last + 1] <= until) last++;
    return `${model.itemText(item)} stands for ${grouped(count[item])} ${what} at ${owner}` +
      `${model.entries[v].incarnation > 1 ? ` in incarnation ${model.entries[v].incarnation}` : ""}. ${name} had ` +
      (has > 0 ? model.textOf(v, has) : "nothing of that entry") + ` at ${seconds(from)}` +
      (last > item ? `; by ${seconds(until)} the entry had reached ${model.itemText(last)}.` : ".");
  }
  // The node that had an item last, if no node has it at the end.
  function lostEverywhere(item) {
    const { value, count } = model.items;
    if ((model.unionAt(model.end_at).get(value[item]) || 0) >= count[item]) return "";
    let last = null;
    for (let node = 0; node < model.nodes; node++) {
      const change = history(node, item).pop();
      if (change && (last === null || change.at > last.at)) last = { at: change.at, node };
    }
    return last === null ? "" : `No node has ${model.itemText(item)} at the end: n${last.node} was the last to have it, until a crash at ` +
      `${seconds(last.at)}.`;
  }
  // For an item that a node never received: the path of the item to the main sender of what the node received.
  function pathToMainSender(node, item, moment) {
    const received = new Map(), { node: learner, message } = model.learned;
    for (let i = 0; i < learner.length; i++) {
      const from = learner[i] === node && message[i] >= 0 ? model.from[message[i]] : CLIENT;
      if (from !== CLIENT) received.set(from, (received.get(from) || 0) + 1);
    }
    const senders = [...received.keys()].sort((a, b) => received.get(b) - received.get(a));
    const sender = senders.find(n => countAt(n, item, model.end_at) >= model.items.count[item]);
    return sender === undefined ? [] : path(sender, item, Math.max(moment, model.end_at));
  }
  // What delayed an item between two moments: dropped messages, times at which a node of the path was
  // down or paused, and the faults that affected the node or the path.
  function obstaclesOf(name, node, text, from, until, failed, steps, received) {
    if (until - from <= 1e-6) return "";
    const items = failed.slice(0, 12).map(f => dropItem(f));
    if (failed.length > 12) items.push({ text: `… and ${failed.length - 12} more dropped messages` });
    const path = links(steps, node);
    items.push(...downtimes(new Set([node, ...path.flat()]), from, until));
    for (const { fault, how } of faultsAffecting(model, node, path, from, until)) items.push(faultItem(fault, how));
    if (items.length) return { heading: received ? `What delayed ${text}` : `What kept ${text} from ${name}`, items, loose: true };
    if (received) return `No fault delayed ${text}, and no message that carried it was dropped.`;
    return neverSent(name, node, text, from, until);
  }
  // The node on a value's path at which the value waited longest, and what that node sent meanwhile.
  function longestWait(steps, from) {
    const waits = steps.slice(1).map((step, i) => ({ step, since: Math.max(from, steps[i].at) }))
      .filter(({ step }) => step.copy >= 0 && step.from !== CLIENT)
      .map(wait => ({ ...wait, sent: model.copies.at[wait.step.copy] }));
    const worst = waits.reduce((a, b) => a === null || b.sent - b.since > a.sent - a.since ? b : a, null);
    if (worst === null || worst.sent - worst.since < 2 * model.typicalDelay) return "";
    const { step, since, sent } = worst, { message, at, outcome } = model.copies;
    let without = 0, dropped = 0;
    for (let c = lowerBound(at, since); c < at.length && at[c] < sent; c++) {
      const m = message[c];
      if (model.from[m] !== step.from || model.to[m] !== step.node) continue;
      if (outcome[c] >= Outcome.CUT) dropped++; else without += carries(m, step.item) === 0;
    }
    const messages = n => `${grouped(n)} ${n === 1 ? "message" : "messages"}`;
    return `It waited longest at n${step.from}: ${duration(sent - since)}, from ${seconds(since)} on. Meanwhile ` +
      `n${step.from} sent n${step.node} ` + (without + dropped === 0 ? "nothing." : without === 0
        ? `only ${messages(dropped)} that ${dropped === 1 ? "was" : "were"} dropped.`
        : `${messages(without)} without it` +
          (dropped ? `, and ${messages(dropped)} that ${dropped === 1 ? "was" : "were"} dropped.` : "."));
  }
  // The links of a path, and the one from its end to the node.
  function links(steps, node) {
    const links = steps.filter(s => s.from !== CLIENT && s.from !== s.node).map(s => [s.from, s.node]);
    const end = steps.at(-1);
    if (end && end.node !== node) links.push([end.node, node]);
    return links;
  }
  function faultItem(fault, how) {
    return { text: `${faultNames[fault.kind]} from ${seconds(fault.from)} to ${seconds(fault.to)} ` +
      `(${fault.text}): ${how}`, fault: true };
  }
  // The times at which nodes were down or paused.
  function downtimes(nodes, from, until) {
    const items = [];
    for (const node of nodes) {
      for (const [i, change] of model.states[node].entries()) {
        const next = model.states[node][i + 1], to = next ? next.at : model.end_at;
        if (change.what === "up" || to <= from || change.at >= until) continue;
        items.push({ text: `n${node} was ${change.what} from ${seconds(change.at)} to ${seconds(to)}` });
      }
    }
    return items;
  }
  // For an item that a node lacked to the end although no fault affected it: what the node received.
  function neverSent(name, node, text, from, until) {
    const { message, outcome } = model.copies;
    let count = 0;
    for (const c of model.copiesSent(from, until)) {
      count += model.to[message[c]] === node && model.from[message[c]] !== CLIENT && outcome[c] === Outcome.DELIVERED;
    }
    if (model.keptUntil < until) return `This report does not show why: it omits the messages after ${seconds(model.keptUntil)}.`;
    return `No fault affected it. Meanwhile ${name} received ${grouped(count)} messages from other nodes: either none ` +
      `of them carried ${text}, or ${name} did not store it.`;
  }

  function unknownNode(name) { return { title: `There is no ${name}: nodes are n0 to n${model.nodes - 1}.` }; }

  // The answer for a node that has a value, but whose last read does not return it; otherwise null.
  function missingFromRead(name, node, items, moment) {
    const read = model.lastRead(node);
    if (!read || items.length !== 1 || (moment !== undefined && moment < read.at)) return null;
    const [item] = items, key = model.values[model.items.value[item]];
    if (read.values.has(key) || countAt(node, item, read.at) === 0) return null;
    const steps = path(node, item, read.at), { at } = history(node, item).filter(s => s.at <= read.at && s.has).pop();
    return finish(`${name} received ${key} at ${seconds(at)}, but its last read, at ${seconds(read.at)}, does not return it.`,
      [`No lost message is the cause: ${name} lost ${key} afterwards, or omits it from its replies.`,
        { heading: `How ${key} reached ${name}`, items: steps.map(s => step(s)) }], steps, [], at, read.at);
  }

  // The items that a node received and that its last read does not return.
  function missingFromLastRead(node, moment) {
    const read = model.lastRead(node);
    if (!read || read.at > moment + 1e-6) return [];
    return model.values.flatMap((key, v) => {
      const item = model.firstItem[v];
      return !read.values.has(key) && countAt(node, item, read.at) > 0 ? [item] : [];
    });
  }
  // What a node did until a moment, and the faults that affected it.
  function happened(name, moment) {
    const node = +name.slice(1);
    if (node >= model.nodes) return unknownNode(name);
    moment = Math.min(moment, model.end_at);
    const lacks = model.lacks ? [...new Set([...model.lackedBy(node, moment), ...missingFromLastRead(node, moment)])] : [], parts = [];
    const title = `${name} at ${seconds(moment)}: ${model.stateAt(node, moment)}` + (!model.lacks ? "." : lacks.length === 0
      ? `, lacks nothing that another node has${model.inferred ? ", as far as messages and reads show" : ""}.` : `, lacks ${lacks.slice(0, 5).map(i => model.itemText(i)).join(", ")}` +
        (lacks.length > 5 ? ` and ${grouped(lacks.length - 5)} more.` : "."));
    const wrong = model.violations.filter(v => new RegExp(`\\b${name}\\b`).test(v.text));
    if (wrong.length) {
      parts.push({ heading: `Violations that name ${name}`, loose: true,
        items: wrong.slice(0, 5).map(v => ({ text: `${seconds(v.at)}: ${v.text}` })) });
    }
    const copies = copiesUntil(node, moment);
    if (copies.length) {
      parts.push({ heading: `The last messages and requests of ${name} until then`,
        items: copies.map(copy => ({ copy, text: describeCopy(model, copy).replace("\n", ": ") })), loose: true });
    }
    const replies = model.replies.filter(r => r.node === node && r.at <= moment + 1e-6).slice(-3);
    if (replies.length) {
      parts.push({ heading: `The last replies of ${name} to clients`, loose: true, items: replies.map(r => ({
        text: `${seconds(r.at)}: ${abridged(model.text.slice(r.start, r.end), 160)}` })) });
    }
    const items = [...downtimes(new Set([node]), 0, moment),
      ...faultsAffecting(model, node, [], 0, moment).map(({ fault, how }) => faultItem(fault, how))];
    if (items.length) parts.push({ heading: `Faults that affected ${name}`, items: items.slice(-10), loose: true });
    const times = copies.flatMap(c => [model.copies.at[c], model.copies.until[c]]);
    return { title, parts, copies, marks: [{ at: moment, node }], span: [Math.min(moment, ...times), moment] };
  }
  // The last copies that a node sent or received until a moment.
  function copiesUntil(node, moment) {
    const { message, at, until } = model.copies, out = [];
    for (let c = lowerBound(at, moment + 1e-6) - 1; c >= 0 && out.length < 8; c--) {
      const m = message[c];
      if (model.from[m] === node || (model.to[m] === node && until[c] <= moment + 1e-6)) out.push(c);
    }
    return out.reverse();
  }
  // The messages of the second before a moment: how many of each type on each link.
  function traffic(moment) {
    const links = new Map();
    moment = Math.min(moment, model.end_at);
    let count = 0;
    for (const c of model.copiesSent(moment - 1, moment + 1e-6)) {
      const m = model.copies.message[c];
      if (model.from[m] === CLIENT) continue;
      const name = `${model.nameOf(model.from[m])} → ${model.nameOf(model.to[m])}, ${model.types[model.type[m]]}`;
      if (!links.has(name)) links.set(name, []);
      links.get(name).push(c);
      count++;
    }
    const busiest = [...links].sort((a, b) => b[1].length - a[1].length).slice(0, 10);
    const items = busiest.map(([name, copies]) => ({ copy: copies[0], text: `${name}: ${grouped(copies.length)}` }));
    const parts = items.length ? [{ heading: "By link and type, busiest first", items, loose: true }] : [];
    return { title: `In the second before ${seconds(moment)}, nodes sent each other ${grouped(count)} messages.`, parts,
      copies: [], marks: [], span: [Math.max(0, moment - 1), moment] };
  }

  function finish(title, parts, steps, failed, from, until = from) {
    const copies = [...steps, ...failed].map(s => s.copy).filter(c => c >= 0);
    const { at, until: ends } = model.copies;
    return { title, parts, copies, marks: steps.slice(-1).map(s => ({ at: s.at, node: s.node })),
      span: [Math.min(from, ...copies.map(c => at[c])), Math.max(until, ...copies.map(c => ends[c]))] };
  }

  function whoHas(items, text) {
    if (items.length === 0) return { title: `No node ever had ${text}, as far as this report shows.` };
    const item = items[items.length - 1], name = model.itemText(item), has = [], lacks = [];
    if (model.blind) return stories.readers(item, text);
    for (let node = 0; node < model.nodes; node++) {
      const last = history(node, item).pop();
      if (last && last.has) has.push(acquisition(node, item, last));
      else lacks.push("n" + node);
    }
    has.sort((a, b) => a.at - b.at);
    const title = lacks.length ? `${has.length} of ${model.nodes} nodes have ${name} at the end; ` +
      `${lacks.slice(0, 20).join(", ")} ${lacks.length > 1 ? "lack" : "lacks"} it.`
      : `All ${model.nodes} nodes have ${name}, ${duration(has[has.length - 1].at - model.createdAt[item])} ` +
        `after it was ${added}.`;
    return finish(title, [{ heading: "In the order in which they received it",
      items: has.map(s => step(s)) }, ...(stories ? stories.more(model.items.value[item]) : [])], has, [], model.createdAt[item]);
  }

  const stories = model.operations && storyteller(model, { whyLacks, path, step, history, downtimes, faultItem, finish });
  const { whyNotReturned, whyRead } = stories || {};
  return { ask, example, path, whyLacks };
}

// How an item is named in questions.
function exampleName(model) {
  const { run } = model;
  return run.counter ? "n3+412" : run.log ? "message 7 of key 12" : run.txn ? "8=7" : "412";
}

const abridged = (text, most) => text.length <= most ? text : text.slice(0, most - 1) + "…";
