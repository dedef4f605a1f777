// SPDX-License-Identifier: MIT
// Answers questions about who knows what, with the path it took. What is asked about is an item: a
// value, or the addition that took an entry of a counter to a count.
const DISK_MAX = 5; // seconds that a value may be on its way to a disk

class Why {
  constructor(model) {
    this.model = model;
    this.timelines = new Map();
  }

  // {title, parts: [paragraph or {heading, items}], copies, marks, span} or {title} alone. An item is
  // a text or {text, copy}, a paragraph a text.
  ask(question) {
    let found = /\bwhy\b.*?\b(n\d+)\b(?:'s \w+)?\s*(?:lack|miss|not know|not have|not count|without)?\w*\s+(\S.*?)(?:\s+at\s+([\d.]+)\s*s?)?\s*\??$/i
      .exec(question.trim());
    if (found) return this.why(found[1], this.itemsOf(found[2]), found[2], found[3] && +found[3]);
    found = /\bwho\b.*?\b(?:has|had|knows|lacks|counts)\s+(\S.*?)\s*\??$/i.exec(question.trim());
    if (found) return this.who(this.itemsOf(found[1]), found[1]);
    found = /\bwhat\b.*?\bhappened\b.*?\b(n\d+)\b(?:\s+at\s+([\d.]+)\s*s?)?\s*\??$/i.exec(question.trim());
    if (found) return this.happened(found[1], found[2] === undefined ? this.model.end_at : +found[2]);
    found = /\bwho\b.*?\b(?:spoke|speaks|sent|sends)\b(?:.*?\bat\s+([\d.]+)\s*s?)?\s*\??$/i.exec(question.trim());
    if (found) return this.spoke(found[1] === undefined ? this.model.end_at : +found[1]);
    if (/\bwhat\b.*?\b(?:took|takes|was|is)\b.*?\b(?:longest|slowest)\b/i.test(question)) return this.slowest();
    const example = this.model.run.counter ? "n3+412" : "412";
    return { title: `Ask, for example: why does n7 lack ${example}? who has ${example}? what happened at n7 at 6.5 s? who spoke at 6.5 s?` };
  }
  // The item that took longest to be everywhere, of those that came to be, and the last node to have it.
  slowestItem() {
    const { born, everywhere } = this.model, took = item => everywhere[item] - born[item];
    let slowest = 0;
    for (let item = 0; item < born.length; item++) {
      if (born[item] < 0 || everywhere[item] < 0) continue;
      if (everywhere[slowest] < 0 || took(item) > took(slowest)) slowest = item;
    }
    return { item: slowest, node: this.model.last[slowest] };
  }
  slowest() {
    const { model } = this;
    if (model.values.length === 0) return { title: "No node is known to have had anything that another could lack." };
    const { item, node } = this.slowestItem(), answer = this.why(`n${node}`, [item], model.itemText(item));
    const { born, everywhere } = model, never = born.filter((at, i) => at >= 0 && everywhere[i] < 0).length;
    const first = everywhere[item] < 0 ? "Nothing ever was everywhere."
      : `${model.itemText(item)} took longest to be everywhere` +
        `${never ? ` (${grouped(never)} never ${never === 1 ? "was" : "were"})` : ""}.`;
    return { ...answer, title: `${first} ${answer.title}` };
  }
  // A question to begin with.
  example() {
    const { item, node } = this.slowestItem();
    return `why does n${node} lack ${this.model.itemText(item)}?`;
  }
  // The items that a text names: a value; of a counter n3+412, or all of n3+, n3/2- or n3.
  itemsOf(text) {
    const { model } = this;
    if (!model.run.counter) {
      const value = model.valueNumbers.get(text) ?? model.valueNumbers.get(JSON.stringify(text));
      return value === undefined ? [] : [value];
    }
    const found = /^(n\d+)(?:\/(\d+))?(?:'s)?\s*(?:(?:latest|newest)\s+)?(\+|-|−|additions?|increments?|subtractions?)?\s*(\d+)?$/i.exec(text);
    if (!found) return [];
    const [, node, life, signText, count] = found, out = [];
    const sign = !signText ? count && "+" : /^[+ai]/i.test(signText) ? "+" : "-";
    model.entries.forEach((entry, v) => {
      if (entry.node !== node || (sign && entry.sign !== sign)) return;
      if ((life || count) && entry.life !== +(life || 1)) return;
      let item = model.firstItem[v];
      while (count && item < model.firstItem[v + 1] && model.items.count[item] < +count) item++;
      for (; item < model.firstItem[v + 1]; item++) {
        out.push(item);
        if (count) break;
      }
    });
    return out;
  }

  // What counts a node had of a value: [{at, count, message}], 0 after a crash.
  timeline(node, value) {
    const name = node + " " + value;
    if (this.timelines.has(name)) return this.timelines.get(name);
    const { at, node: who, value: what, count, message } = this.model.learnt, out = [];
    let has = 0;
    for (let i = 0; i < at.length; i++) {
      if (who[i] !== node || (what[i] !== value && what[i] !== -1)) continue;
      if (what[i] === -1 ? has === 0 : count[i] <= has) continue;
      has = what[i] === -1 ? 0 : count[i];
      out.push({ at: at[i], count: has, message: message[i] });
    }
    this.timelines.set(name, out);
    return out;
  }
  // When a node came to know an item, and lost it: [{at, has, message}].
  story(node, item) {
    const { value, count } = this.model.items, out = [];
    let has = false;
    for (const change of this.timeline(node, value[item])) {
      if (has === change.count >= count[item]) continue;
      has = !has;
      out.push({ at: change.at, has, message: change.message });
    }
    return out;
  }
  // What a node has of an item's value at a moment.
  countAt(node, item, moment) {
    const past = this.timeline(node, this.model.items.value[item]).filter(c => c.at <= moment);
    return past.length ? past[past.length - 1].count : 0;
  }

  // What a message says of an item: its count, if that includes it, else 0.
  brings(message, item) {
    const { model } = this, { value, count } = model.items, key = model.values[value[item]];
    const body = model.body(message);
    // A quick look first, at what is spelled in one way only.
    const part = model.run.counter ? key.slice(0, key.indexOf(",")) : key;
    if (/^-?\d+$|^\["n\d+"$/.test(part) && !body.includes(part)) return 0;
    const found = carried(parseJson(body), model.run).find(e => e.key === key && e.count >= count[item]);
    return found ? found.count : 0;
  }
  // The message by which a node came to know an item: if it had to write that to its disk first, the
  // latest that brought it; −1: there is none, so it was there already.
  source(node, item, gained) {
    if (gained.message >= 0 || gained.message === LEFT_OUT) return gained.message;
    const { model } = this, { message, at, until, outcome } = model.copies, moment = gained.at;
    const crashed = model.states[node].filter(s => s.what === "down" && s.at <= moment).pop();
    const since = Math.max(moment - DISK_MAX, crashed ? crashed.at : 0);
    let best = -1, latest = since;
    for (let c = lowerBound(at, since - model.longest); c < at.length && at[c] <= moment; c++) {
      const m = message[c];
      if (model.to[m] !== node || outcome[c] !== Outcome.DELIVERED) continue;
      if (until[c] < latest || until[c] > moment + 1e-6 || this.brings(m, item) === 0) continue;
      best = m;
      latest = until[c];
    }
    return best;
  }
  // The latest copy of a message that came by a moment.
  copyAt(message, moment) {
    const { message: of, until, outcome } = this.model.copies;
    let best = -1;
    for (let c = lowerBound(this.model.copies.at, this.model.at[message] - 1e-9); c < of.length; c++) {
      if (this.model.copies.at[c] > moment) break;
      if (of[c] === message && outcome[c] === Outcome.DELIVERED && until[c] <= moment + 1e-6) best = c;
    }
    return best;
  }

  // How an item came to a node: the steps back to the client that brought it, first step first.
  path(node, item, moment) {
    const steps = [], seen = new Set(), { model } = this;
    while (node !== CLIENT && !seen.has(node)) {
      seen.add(node);
      const gained = this.story(node, item).filter(s => s.at <= moment + 1e-9 && s.has).pop();
      if (!gained) break;
      const step = this.gain(node, item, gained);
      steps.unshift(step);
      if (step.message < 0) break;
      node = step.from;
      moment = model.at[step.message];
    }
    return steps;
  }
  gain(node, item, gained) {
    const message = this.source(node, item, gained), { at } = gained;
    if (message < 0) return { at, node, from: node, message, copy: -1, item };
    return { at, node, from: this.model.from[message], message, copy: this.copyAt(message, at), item };
  }

  // Copies that carried an item to a node and never came, sent in a stretch of time.
  failures(node, item, from, to) {
    const { model } = this, { message, at, outcome } = model.copies, out = [];
    for (let c = lowerBound(at, from); c < at.length && at[c] <= to; c++) {
      const m = message[c];
      if (outcome[c] < Outcome.CUT || model.to[m] !== node || model.from[m] === CLIENT) continue;
      if (this.brings(m, item) > 0) out.push({ copy: c, item });
    }
    return out;
  }

  // Of a counter: what a message says, " n3+412", as that may be more than the item.
  said(message, item) {
    if (!this.model.run.counter) return "";
    const count = this.brings(message, item);
    return count > 0 ? " " + this.model.textOf(this.model.items.value[item], count) : "";
  }
  step(s) {
    const { model } = this, at = seconds(s.at);
    if (s.message < 0) {
      const own = model.run.counter && model.entries[model.items.value[s.item]].node === "n" + s.node;
      const omitted = s.message === LEFT_OUT || s.at > model.keptUntil;
      return { text: omitted ? `n${s.node} got it at ${at}, by a message that this report leaves out`
        : model.inferred && own ? `n${s.node} counted it by ${at}`
        : model.inferred ? `n${s.node} had it by ${at}; no message shows how it came`
        : `n${s.node} read it from its disk, and knew it at ${at}` };
    }
    if (s.from === CLIENT) return { text: `a client gave it to n${s.node} at ${at}`, copy: s.copy };
    const flight = s.copy >= 0 ? `, ${duration(s.at - model.copies.at[s.copy])} after it was sent` : "";
    return { text: `n${s.from} told n${s.node}${this.said(s.message, s.item)} at ${at} ` +
      `(${model.types[model.type[s.message]]}${flight})`, copy: s.copy };
  }
  failure({ copy, item }) {
    const { model } = this, m = model.copies.message[copy];
    return { text: `n${model.from[m]} told n${model.to[m]}${this.said(m, item)} at ` +
      `${seconds(model.copies.at[copy])}, ${outcomeText[model.copies.outcome[copy]]}`, copy, dropped: true };
  }

  why(name, items, text, moment) {
    const { model } = this, node = +name.slice(1);
    if (node >= model.nodes) return this.noNode(name);
    if (items.length === 0) return { title: `No node ever had ${text}, as far as this report shows.` };
    const hidden = this.unread(name, node, items, moment);
    if (hidden) return hidden;
    const first = items.reduce((a, b) => model.born[b] < model.born[a] ? b : a);
    if (moment !== undefined && moment < model.born[first]) {
      return { title: `At ${seconds(moment)} no node had ${text}: ` +
        `it was added at ${seconds(model.born[first])}.` };
    }
    // Of all that is asked about: what it lacked longest, or at that moment.
    let worst = null;
    for (const item of items) {
      const gaps = this.gaps(this.story(node, item), model.born[item]);
      for (const gap of gaps) {
        if (moment !== undefined && (gap.from > moment || gap.until <= moment)) continue;
        if (worst === null || gap.until - gap.from > worst.gap.until - worst.gap.from) {
          worst = { item, gap, others: gaps.filter(g => g !== gap) };
        }
      }
    }
    if (worst !== null) return this.explain(name, node, worst);
    const item = items.filter(i => model.born[i] <= moment).pop();
    const since = this.story(node, item).filter(s => s.at <= moment).pop().at;
    const steps = this.path(node, item, moment);
    return this.finish(`${name} does not lack ${model.itemText(item)} at ${seconds(moment)}: it has ` +
      `known it since ${seconds(since)}.`,
    [{ heading: "How it got there", items: steps.map(s => this.step(s)) }], steps, [], since);
  }
  // The times at which a node lacked an item: from its birth, or from a crash.
  gaps(story, born) {
    const out = [];
    let from = born, crashed = false;
    for (const change of story) {
      if (change.has) out.push({ from, until: change.at, crashed, came: true });
      from = change.at;
      crashed = !change.has;
    }
    if (crashed || story.length === 0) out.push({ from, until: this.model.end_at, crashed, came: false });
    return out;
  }
  explain(name, node, { item, gap, others }) {
    const { from, until } = gap, wait = until - from, parts = [], text = this.model.itemText(item);
    const failed = this.failures(node, item, from, until);
    const steps = gap.came ? this.path(node, item, until) : this.detour(node, item, from);
    const since = gap.crashed ? `from ${seconds(from)}, when a crash erased it,`
      : `from ${seconds(from)}, when it was added,`;
    const title = !gap.came ? `${name} lacked ${text} ${since} to the end.`
      : wait < 1e-6 ? `${name} never lacked ${text}: it was the first to have it, at ${seconds(from)}.`
      : `${name} lacked ${text} for ${duration(wait)}: ${since} until ${seconds(until)}.`;
    if (wait > 1e-6) parts.push(this.versions(name, node, item, from, until));
    if (steps.length) {
      parts.push({ heading: gap.came ? "The path that it took" : "The path to the node that told it most",
        items: steps.map(s => this.step(s)) });
    }
    if (gap.came) parts.push(this.longest(steps, from));
    const lost = gap.came ? "" : this.lost(item);
    if (lost) parts.push(lost);
    const obstacles = this.obstacles(name, node, from, until, failed, steps, gap.came);
    if (!lost || typeof obstacles !== "string") parts.push(obstacles);
    for (const other of others.filter(g => g.until - g.from > 1e-6)) {
      parts.push(`It also lacked it for ${duration(other.until - other.from)}, from ${seconds(other.from)}` +
        (other.crashed ? ", after a crash." : other.came ? ", when it was added." : " to the end."));
    }
    return this.finish(title, parts.filter(Boolean), steps, failed, from, until);
  }
  // Of a counter: which counts of the entry there were meanwhile, here and elsewhere.
  versions(name, node, item, from, until) {
    const { model } = this, { value, count } = model.items;
    if (!model.run.counter) return "";
    const v = value[item], { node: owner, sign } = model.entries[v], has = this.countAt(node, item, from);
    const what = sign === "+" ? "added" : "subtracted";
    let last = item;
    while (last + 1 < model.firstItem[v + 1] && model.born[last + 1] <= until) last++;
    return `${model.itemText(item)} stands for ${grouped(count[item])} ${what} at ${owner}` +
      `${model.entries[v].life > 1 ? ` in life ${model.entries[v].life}` : ""}. ${name} had ` +
      (has > 0 ? `${model.textOf(v, has)} then` : "nothing of that entry then") +
      (last > item ? `; by the end of this time there was ${model.itemText(last)}.` : ".");
  }
  // Who had an item last, if nobody has it in the end.
  lost(item) {
    const { model } = this, { value, count } = model.items;
    if ((model.heldAt(model.end_at).get(value[item]) || 0) >= count[item]) return "";
    let last = null;
    for (let node = 0; node < model.nodes; node++) {
      const change = this.story(node, item).pop();
      if (change && (last === null || change.at > last.at)) last = { at: change.at, node };
    }
    return last === null ? "" : `No node has it in the end: n${last.node} was the last, and a crash erased it at ` +
      `${seconds(last.at)}.`;
  }
  // What never came to a node: the path to whoever told that node most.
  detour(node, item, moment) {
    const { model } = this, told = new Map(), { node: who, message } = model.learnt;
    for (let i = 0; i < who.length; i++) {
      const from = who[i] === node && message[i] >= 0 ? model.from[message[i]] : CLIENT;
      if (from !== CLIENT) told.set(from, (told.get(from) || 0) + 1);
    }
    const tellers = [...told.keys()].sort((a, b) => told.get(b) - told.get(a));
    const teller = tellers.find(n => this.countAt(n, item, model.end_at) >= model.items.count[item]);
    return teller === undefined ? [] : this.path(teller, item, Math.max(moment, model.end_at));
  }
  // What was in the way from one moment to another: messages that were dropped, times at which a node
  // of the path was down or paused, and the faults that touched the node or the path, and no others.
  obstacles(name, node, from, until, failed, steps, came) {
    if (until - from <= 1e-6) return "";
    const { model } = this, items = failed.slice(0, 12).map(f => this.failure(f));
    if (failed.length > 12) items.push({ text: `… and ${failed.length - 12} more that were dropped` });
    const path = this.links(steps, node);
    items.push(...this.stops(new Set([node, ...path.flat()]), from, until));
    for (const { fault, how } of faultsTouching(model, node, path, from, until)) items.push(this.faultItem(fault, how));
    if (items.length) return { heading: "What was in the way", items, loose: true };
    if (came) return "Nothing was in the way: no message with it was dropped, it took the path above.";
    return this.neverSent(name, node, from, until);
  }
  // Where on its path a value waited longest, and what was sent there meanwhile.
  longest(steps, from) {
    const { model } = this, waits = steps.slice(1).map((step, i) => ({ step, since: Math.max(from, steps[i].at) }))
      .filter(({ step }) => step.copy >= 0 && step.from !== CLIENT)
      .map(wait => ({ ...wait, sent: model.copies.at[wait.step.copy] }));
    const worst = waits.reduce((a, b) => a === null || b.sent - b.since > a.sent - a.since ? b : a, null);
    if (worst === null || worst.sent - worst.since < 2 * model.typical) return "";
    const { step, since, sent } = worst, { message, at, outcome } = model.copies;
    let without = 0, dropped = 0;
    for (let c = lowerBound(at, since); c < at.length && at[c] < sent; c++) {
      const m = message[c];
      if (model.from[m] !== step.from || model.to[m] !== step.node) continue;
      if (outcome[c] >= Outcome.CUT) dropped++; else without += this.brings(m, step.item) === 0;
    }
    const messages = n => `${grouped(n)} ${n === 1 ? "message" : "messages"}`;
    return `It waited longest at n${step.from}: ${duration(sent - since)}, from ${seconds(since)} on. Meanwhile ` +
      `n${step.from} sent n${step.node} ` + (without + dropped === 0 ? "nothing." : without === 0
        ? `only ${messages(dropped)} that ${dropped === 1 ? "was" : "were"} dropped.`
        : `${messages(without)} that did not say it` +
          (dropped ? `, and ${messages(dropped)} that ${dropped === 1 ? "was" : "were"} dropped.` : "."));
  }
  // The links of a path, and the one from its end to the node.
  links(steps, node) {
    const links = steps.filter(s => s.from !== CLIENT && s.from !== s.node).map(s => [s.from, s.node]);
    const end = steps.at(-1);
    if (end && end.node !== node) links.push([end.node, node]);
    return links;
  }
  faultItem(fault, how) {
    return { text: `${faultNames[fault.kind]} from ${seconds(fault.from)} to ${seconds(fault.to)} ` +
      `(${fault.text}): ${how}`, fault: true };
  }
  // When nodes were down or paused.
  stops(nodes, from, until) {
    const { model } = this, items = [];
    for (const node of nodes) {
      for (const [i, change] of model.states[node].entries()) {
        const next = model.states[node][i + 1], to = next ? next.at : model.end_at;
        if (change.what === "up" || to <= from || change.at >= until) continue;
        items.push({ text: `n${node} was ${change.what} from ${seconds(change.at)} to ${seconds(to)}` });
      }
    }
    return items;
  }
  // A node that lacked something to the end, and nothing kept it from it: what it was sent instead.
  neverSent(name, node, from, until) {
    const { model } = this, { message, at, outcome } = model.copies;
    let took = 0;
    for (let c = lowerBound(at, from); c < at.length && at[c] <= until; c++) {
      took += model.to[message[c]] === node && model.from[message[c]] !== CLIENT && outcome[c] === Outcome.DELIVERED;
    }
    if (model.keptUntil < until) return `No cause is in this report, which leaves out the messages after ${seconds(model.keptUntil)}.`;
    return `No fault touched it: ${name} took ${grouped(took)} messages of other nodes meanwhile, and none ` +
      "said it. Either nobody sent it, or the node did not take it in.";
  }

  noNode(name) { return { title: `There is no ${name}: nodes are n0 to n${this.model.nodes - 1}.` }; }

  // A node that has a value but does not show it when it is read: an answer, or null if it does.
  unread(name, node, items, moment) {
    const { model } = this, read = model.lastRead(node);
    if (!read || items.length !== 1 || (moment !== undefined && moment < read.at)) return null;
    const [item] = items, key = model.values[model.items.value[item]];
    if (read.shown.has(key) || this.countAt(node, item, read.at) === 0) return null;
    const steps = this.path(node, item, read.at), { at } = this.story(node, item).filter(s => s.at <= read.at && s.has).pop();
    return this.finish(`${name} got ${key} at ${seconds(at)}, but its last read, at ${seconds(read.at)}, does not show it.`,
      ["No message is to blame: the node lost it afterwards, or leaves it out of its answers.",
        { heading: "How it got there", items: steps.map(s => this.step(s)) }], steps, [], at, read.at);
  }

  // The items that a node got and does not show in its last read.
  unshown(node, moment) {
    const { model } = this, read = model.lastRead(node);
    if (!read || read.at > moment + 1e-6) return [];
    return model.values.flatMap((key, v) => {
      const item = model.firstItem[v];
      return !read.shown.has(key) && this.countAt(node, item, read.at) > 0 ? [item] : [];
    });
  }
  // What a node did and what was done to it until a moment.
  happened(name, moment) {
    const { model } = this, node = +name.slice(1);
    if (node >= model.nodes) return this.noNode(name);
    moment = Math.min(moment, model.end_at);
    const lacks = model.lacks ? [...new Set([...model.lackedBy(node, moment), ...this.unshown(node, moment)])] : [], parts = [];
    const title = `${name} at ${seconds(moment)}: ${model.stateAt(node, moment)}` + (!model.lacks ? "." : lacks.length === 0
      ? `, lacks nothing that another node has${model.inferred ? ", as far as messages and reads show" : ""}.` : `, lacks ${lacks.slice(0, 5).map(i => model.itemText(i)).join(", ")}` +
        (lacks.length > 5 ? ` and ${grouped(lacks.length - 5)} more.` : "."));
    const wrong = model.violations.filter(v => new RegExp(`\\b${name}\\b`).test(v.text));
    if (wrong.length) {
      parts.push({ heading: "Violations that name it", loose: true,
        items: wrong.slice(0, 5).map(v => ({ text: `${seconds(v.at)}: ${v.text}` })) });
    }
    const copies = this.around(node, moment);
    if (copies.length) {
      parts.push({ heading: "Its messages and requests until then, the latest last",
        items: copies.map(copy => ({ copy, text: describeCopy(model, copy).replace("\n", ": ") })), loose: true });
    }
    const replies = model.replies.filter(r => r.node === node && r.at <= moment + 1e-6).slice(-3);
    if (replies.length) {
      parts.push({ heading: "Its last answers to clients", loose: true, items: replies.map(r => ({
        text: `${seconds(r.at)}: ${fitWords(model.text.slice(r.start, r.end), 160)}` })) });
    }
    const items = [...this.stops(new Set([node]), 0, moment),
      ...faultsTouching(model, node, [], 0, moment).map(({ fault, how }) => this.faultItem(fault, how))];
    if (items.length) parts.push({ heading: "Faults that touched it", items: items.slice(-10), loose: true });
    const times = copies.flatMap(c => [model.copies.at[c], model.copies.until[c]]);
    return { title, parts, copies, marks: [{ at: moment, node }], span: [Math.min(moment, ...times), moment] };
  }
  // The last copies that a node sent or took until a moment.
  around(node, moment) {
    const { model } = this, { message, at, until } = model.copies, out = [];
    for (let c = lowerBound(at, moment + 1e-6) - 1; c >= 0 && out.length < 8; c--) {
      const m = message[c];
      if (model.from[m] === node || (model.to[m] === node && until[c] <= moment + 1e-6)) out.push(c);
    }
    return out.reverse();
  }
  // Who sent what to whom in the second before a moment, and how often.
  spoke(moment) {
    const { model } = this, { message, at } = model.copies, links = new Map();
    moment = Math.min(moment, model.end_at);
    let count = 0;
    for (let c = lowerBound(at, moment - 1); c < at.length && at[c] <= moment + 1e-6; c++) {
      const m = message[c];
      if (model.from[m] === CLIENT) continue;
      const name = `${model.nameOf(model.from[m])} → ${model.nameOf(model.to[m])}, ${model.types[model.type[m]]}`;
      if (!links.has(name)) links.set(name, []);
      links.get(name).push(c);
      count++;
    }
    const busiest = [...links].sort((a, b) => b[1].length - a[1].length).slice(0, 10);
    const items = busiest.map(([name, copies]) => ({ copy: copies[0], text: `${name}: ${grouped(copies.length)}` }));
    const parts = items.length ? [{ heading: "By link and type, the busiest first", items, loose: true }] : [];
    return { title: `In the second before ${seconds(moment)} nodes sent each other ${grouped(count)} messages.`, parts,
      copies: [], marks: [], span: [Math.max(0, moment - 1), moment] };
  }

  finish(title, parts, steps, failed, from, until = from) {
    const copies = [...steps, ...failed].map(s => s.copy).filter(c => c >= 0);
    const { at, until: ends } = this.model.copies;
    return { title, parts, copies, marks: steps.slice(-1).map(s => ({ at: s.at, node: s.node })),
      span: [Math.min(from, ...copies.map(c => at[c])), Math.max(until, ...copies.map(c => ends[c]))] };
  }

  who(items, text) {
    const { model } = this;
    if (items.length === 0) return { title: `No node ever had ${text}, as far as this report shows.` };
    const item = items[items.length - 1], name = model.itemText(item), has = [], lacks = [];
    for (let node = 0; node < model.nodes; node++) {
      const last = this.story(node, item).pop();
      if (last && last.has) has.push(this.gain(node, item, last));
      else lacks.push("n" + node);
    }
    has.sort((a, b) => a.at - b.at);
    const title = lacks.length ? `${has.length} of ${model.nodes} nodes have ${name} at the end; ` +
      `${lacks.slice(0, 20).join(", ")} ${lacks.length > 1 ? "lack" : "lacks"} it.`
      : `All ${model.nodes} nodes have ${name}, ${duration(has[has.length - 1].at - model.born[item])} ` +
        "after it was added.";
    return this.finish(title, [{ heading: "In the order in which they got it",
      items: has.map(s => this.step(s)) }], has, [], model.born[item]);
  }
}

const fitWords = (text, most) => text.length <= most ? text : text.slice(0, most - 1) + "…";
