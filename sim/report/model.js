// SPDX-License-Identifier: MIT
// What the page is about: reads the events into typed arrays and works out who knew what when.
const Outcome = { IN_FLIGHT: 0, DELIVERED: 1, CUT: 2, LOST: 3, DOWN: 4, FULL: 5 };
const outcomeText = ["still under way at the end", "delivered", "dropped: a partition cut it off",
  "dropped: the network lost it", "dropped: the receiver was down",
  "dropped: the link was full"];
const CLIENT = 0xffff;
// In a message's place, for what a node came to know: nobody knows how, or by a message that the
// report left out.
const UNKNOWN = -1, LEFT_OUT = -2;
// Reads JSON. Numbers that would not be spelled the same again, such as those beyond 53 bits, keep their
// text: they are names of values here. (Browsers without JSON.rawJSON round them.)
const exactly = (_, value, context) => typeof value === "number" && context && context.source !== String(value)
  ? JSON.rawJSON(context.source) : value;
const parseJson = text => JSON.rawJSON && /\d{16}|\d[.eE]|-0/.test(text) ? JSON.parse(text, exactly) : JSON.parse(text);
const numberOf = value => value !== null && typeof value === "object" ? Number(value.rawJSON) : value;

const kinds = ["gossip", "sync", "other", "client"];

// A typed array that grows.
class Column {
  constructor(Type, capacity = 4096) { this.data = new Type(capacity); this.length = 0; }
  push(value) {
    if (this.length === this.data.length) {
      const wider = new this.data.constructor(2 * this.length);
      wider.set(this.data);
      this.data = wider;
    }
    this.data[this.length] = value;
    return this.length++;
  }
  done() { return this.data.subarray(0, this.length); }
}

// The first place in a sorted array whose item is not below a value.
function lowerBound(sorted, value, length = sorted.length) {
  let low = 0, high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}

class Model {
  constructor(run, text, kept) {
    this.run = run;
    this.sent = kept.messages;             // messages of the run, those left out included
    this.keptUntil = kept.messages > kept.messages_max ? kept.until_us / 1e6 : Infinity;
    this.text = text;
    this.nodes = run.nodes;
    this.types = [];                       // of messages between nodes, by number
    this.typeNumbers = new Map();
    // Messages, those of clients to nodes included:
    this.columns = { at: new Column(Float64Array), from: new Column(Uint16Array),
      to: new Column(Uint16Array), bytes: new Column(Uint32Array), type: new Column(Uint8Array),
      start: new Column(Uint32Array), end: new Column(Uint32Array), id: new Column(Uint32Array),
      openCopy: new Column(Int32Array) }; // its first copy that has not ended
    // Their copies: one a message, and more where the network made some.
    this.copies = { message: new Column(Uint32Array), at: new Column(Float64Array),
      until: new Column(Float64Array), outcome: new Column(Uint8Array),
      next: new Column(Int32Array) }; // of the same message
    // What nodes came to know; value −1: a crash, all is forgotten.
    this.learnt = { at: new Column(Float64Array), node: new Column(Uint16Array),
      value: new Column(Int32Array), count: new Column(Float64Array), message: new Column(Int32Array) };
    this.values = []; // or, of a counter, the keys of its entries
    this.valueNumbers = new Map();
    this.has = Array.from({ length: this.nodes }, () => new Map()); // so far: the count of a value
    this.messageOf = new Column(Int32Array); // by id
    this.replies = [];                       // {at, node, client, start, end}
    this.faults = [];                        // {kind, text, from, to, number}
    this.states = Array.from({ length: this.nodes }, () => []); // {at, what}
    // What clients gave a node in its present life: a message by its value; of a counter, by the
    // sign, the messages whose sums its entry does not show yet, and what each adds.
    this.asked = Array.from({ length: this.nodes }, () => new Map());
    this.phases = [];
    this.lastReads = new Map();              // by node
    this.violations = [];                    // {at, text}
    this.inferred = (run.set || run.counter) && text.indexOf("\nk") < 0;
    this.read();
    this.settle();
    this.numberItems();
    if (run.set || run.counter) this.derive();
  }

  kindOf(message) {
    if (this.from[message] === CLIENT) return "client";
    const name = this.types[this.type[message]];
    return name === "gossip" || name === "sync" ? name : "other";
  }
  kindText(message) {
    if (this.from[message] !== CLIENT) return this.types[this.type[message]];
    const found = /"type"\s*:\s*"([^"]{0,40})/.exec(this.body(message));
    return found ? `request ${found[1]}` : "request";
  }
  nodeNumber(name) { return name[0] === "n" ? +name.slice(1) : CLIENT; }
  body(message) { return this.text.slice(this.start[message], this.end[message]); }
  parsed(message) { // while events are read
    const { start, end } = this.columns;
    return parseJson(this.text.slice(start.data[message], end.data[message]));
  }
  nameOf(node) { return node === CLIENT ? "a client" : "n" + node; }

  unquoted(name) {
    try {
      return JSON.parse(`"${name}"`);
    } catch (_) {
      return name;
    }
  }
  typeNumber(start, end) {
    const head = '{"type":"', { text } = this;
    let from = start + head.length;
    if (!text.startsWith(head, start)) {
      const found = /"type"\s*:\s*"/.exec(text.slice(start, Math.min(end, start + 400)));
      from = found ? start + found.index + found[0].length : end;
    }
    let to = from;
    while (to < end && text[to] !== '"') to += text[to] === "\\" ? 2 : 1;
    const name = from < end ? text.slice(from, to) : "(none)";
    let number = this.typeNumbers.get(name);
    if (number === undefined) {
      number = Math.min(this.types.length, 255);
      this.typeNumbers.set(name, number);
      if (number === this.types.length) this.types.push(this.unquoted(name));
    }
    return number;
  }

  valueNumber(value) {
    let number = this.valueNumbers.get(value);
    if (number === undefined) {
      number = this.values.length;
      this.values.push(value);
      this.valueNumbers.set(value, number);
    }
    return number;
  }

  // A line is a letter, the microseconds since the one before, and fields that depend on the letter.
  read() {
    const text = this.text;
    let us = 0, at = text.indexOf("\n") + 1;
    while (at < text.length) {
      let end = text.indexOf("\n", at);
      if (end < 0) end = text.length;
      if (end > at) {
        this.place = at + 1;
        this.lineEnd = end;
        us += this.number();
        this.line(text[at], us / 1e6);
      }
      at = end + 1;
    }
    this.end_at = us / 1e6;
  }
  number() {
    let value = 0, code;
    while (this.place < this.lineEnd && (code = this.text.charCodeAt(this.place) - 48) >= 0 && code < 10) {
      value = value * 10 + code;
      this.place++;
    }
    this.place++;
    return value;
  }
  word() {
    let end = this.text.indexOf(" ", this.place);
    if (end < 0 || end > this.lineEnd) end = this.lineEnd;
    const word = this.text.slice(this.place, end);
    this.place = end + 1;
    return word;
  }
  rest() { return this.text.slice(this.place, this.lineEnd); }

  line(letter, at) {
    switch (letter) {
    case "s": case "q": return this.onSend(at, letter === "s");
    case "d": return this.onEnd(at, this.messageOf.data[this.number()], Outcome.DELIVERED);
    case "x": {
      const message = this.messageOf.data[this.number()];
      return this.onEnd(at, message, { cut: Outcome.CUT, lost: Outcome.LOST, full: Outcome.FULL }[this.word()] || Outcome.DOWN);
    }
    case "2": return this.onCopy(at, this.messageOf.data[this.number()]);
    case "k": return this.onLearn(at);
    case "r": {
      const node = this.nodeNumber(this.word()), client = this.word();
      this.replies.push({ at, node, client, start: this.place, end: this.lineEnd });
      if (this.inferred && this.run.set) {
        const shown = this.shownBy(this.replies.at(-1));
        for (const key of shown || []) if (this.valueNumbers.has(key)) this.learn(at, node, key, 1, UNKNOWN);
      }
      return;
    }
    case "b": {
      const number = this.number(), what = this.rest();
      const verb = /^\w+/.exec(what), kind = verb && (verb[0] === "reorder" ? "delay" : verb[0]);
      this.faults.push({ kind: faultKinds.includes(kind) ? kind : "cut", text: what, from: at, to: Infinity, number });
      return;
    }
    case "e": {
      const number = this.number();
      const fault = this.faults.findLast(f => f.number === number && f.to === Infinity);
      if (fault) fault.to = at;
      return;
    }
    case "c": {
      const node = this.nodeNumber(this.word());
      this.states[node].push({ at, what: "down" });
      this.asked[node].clear();
      this.has[node].clear();
      this.know(at, node, -1, 0, UNKNOWN);
      return;
    }
    case "u": return void this.states[this.nodeNumber(this.word())].push({ at, what: "up" });
    case "p": return void this.states[this.nodeNumber(this.word())].push({ at, what: "paused" });
    case "w": return void this.states[this.nodeNumber(this.word())].push({ at, what: "up" });
    case "h": return void this.phases.push({ at, name: this.rest() });
    case "v": return void this.violations.push({ at, text: this.rest() });
    }
  }

  onSend(at, between) {
    const c = this.columns, id = this.number();
    const from = this.nodeNumber(this.word()), to = this.nodeNumber(this.word());
    c.bytes.push(between ? this.number() : 0);
    c.at.push(at);
    c.from.push(from);
    c.to.push(to);
    c.start.push(this.place);
    c.end.push(this.lineEnd);
    c.id.push(id);
    c.openCopy.push(-1);
    const message = c.type.push(between ? this.typeNumber(this.place, this.lineEnd) : 255);
    while (this.messageOf.length <= id) this.messageOf.push(-1);
    this.messageOf.data[id] = message;
    this.onCopy(at, message);
    if (!this.inferred || !between) return;
    this.infer(at, from, message, UNKNOWN);
  }
  // What a client gives is known when it is on the disk: by then no message tells whence it came.
  onRequest(node, message) {
    const body = this.parsed(message), asked = this.asked[node];
    for (const { key } of carried(body, this.run)) asked.set(key, message);
    if (!this.run.counter || body.type !== "add" || !body.delta) return;
    const sign = numberOf(body.delta) > 0 ? "+" : "-";
    if (!asked.has(sign)) asked.set(sign, []);
    asked.get(sign).push({ message, size: Math.abs(numberOf(body.delta)) });
  }
  onCopy(at, message) {
    const c = this.copies;
    c.message.push(message);
    c.until.push(Infinity);
    c.outcome.push(Outcome.IN_FLIGHT);
    c.next.push(this.columns.openCopy.data[message]);
    this.columns.openCopy.data[message] = c.at.push(at);
  }
  onEnd(at, message, outcome) {
    const { openCopy } = this.columns, copy = openCopy.data[message];
    if (copy < 0) return;
    openCopy.data[message] = this.copies.next.data[copy];
    this.copies.until.data[copy] = at;
    this.copies.outcome.data[copy] = outcome;
    if (outcome !== Outcome.DELIVERED) return;
    const node = this.columns.to.data[message];
    if (this.columns.from.data[message] === CLIENT) this.onRequest(node, message);
    if (!this.inferred) return;
    // Where nobody says what nodes know: what they were told, and what they tell.
    this.infer(at, node, message, message);
  }

  // Between nodes, only values that a client gave are taken for such: how nodes of other languages
  // spell their messages is a guess.
  infer(at, node, message, source) {
    const given = this.columns.from.data[message] === CLIENT;
    for (const { key, count } of carried(this.parsed(message), this.run)) {
      if (given || this.run.counter || this.valueNumbers.has(key)) this.learn(at, node, key, count, source);
    }
  }
  // The values that an answer to a read shows, as JSON; null: it is no such answer, or not kept whole.
  shownBy(reply) {
    const text = this.text.slice(reply.start, reply.end);
    if (!text.includes('"read_ok"')) return null;
    try {
      const body = parseJson(text), shown = body.messages ?? body.value;
      return Array.isArray(shown) ? shown.map(value => JSON.stringify(value)) : null;
    } catch (_) {
      return null;
    }
  }
  // A node's last read of the set: {at, shown: a set of values as JSON}, or null.
  lastRead(node) {
    if (!this.lastReads.has(node)) {
      let read = null;
      for (let i = this.replies.length - 1; i >= 0 && this.run.set && !read; i--) {
        const reply = this.replies[i], shown = reply.node === node ? this.shownBy(reply) : null;
        if (shown) read = { at: reply.at, shown: new Set(shown) };
      }
      this.lastReads.set(node, read);
    }
    return this.lastReads.get(node);
  }

  know(at, node, value, count, message) {
    const k = this.learnt;
    k.at.push(at);
    k.node.push(node);
    k.value.push(value);
    k.count.push(count);
    k.message.push(message);
  }
  // A node has a value now, or of a counter's entry this count.
  learn(at, node, key, count, message) {
    const value = this.valueNumber(key), has = this.has[node];
    if (!this.run.counter && !this.inferred) { // a replica tells of each value once
      this.know(at, node, value, count, message);
      return;
    }
    let before = has.get(value) || 0;
    if (before >= count) return;
    has.set(value, count);
    const own = message === UNKNOWN && this.run.counter ? JSON.parse(key) : [];
    const given = own[0] === "n" + node ? this.asked[node].get(own[2]) || [] : [];
    while (before < count && given.length > 0) { // each addition is a count of its own
      const { message: request, size } = given.shift();
      before = Math.min(before + size, count);
      this.know(at, node, value, before, request);
    }
    if (before < count) this.know(at, node, value, count, message);
  }
  onLearn(at) {
    const id = this.word(), node = this.nodeNumber(this.word());
    // What a node has when it has been started came from its disk.
    const message = id === "-" ? UNKNOWN : +id < this.messageOf.length ? this.messageOf.data[+id] : LEFT_OUT;
    const { from, start } = this.columns;
    const started = message >= 0 && from.data[message] === CLIENT &&
      this.text.startsWith('{"type":"init"', start.data[message]);
    for (const value of parseJson(this.rest())) {
      const [what, count] = this.run.counter ? [value[0], numberOf(value[1])] : [value, 1], key = JSON.stringify(what);
      const given = this.run.counter || id !== "-" ? message : this.asked[node].get(key) ?? UNKNOWN;
      this.learn(at, node, key, count, started ? UNKNOWN : given);
    }
  }

  settle() {
    for (const columns of [this.columns, this.copies]) {
      for (const name of Object.keys(columns)) columns[name] = columns[name].done();
    }
    Object.assign(this, this.columns);
    for (const name of Object.keys(this.learnt)) this.learnt[name] = this.learnt[name].done();
    const { at, until } = this.copies;
    this.longest = 0; // flight
    for (let i = 0; i < at.length; i++) {
      if (until[i] === Infinity) until[i] = this.end_at;
      this.longest = Math.max(this.longest, until[i] - at[i]);
    }
    const flights = until.map((t, i) => t - at[i]).filter(f => f > 0).sort();
    this.typical = flights[flights.length >> 1] || 0.01; // flight, between nodes that are apart
    for (const fault of this.faults) fault.to = Math.min(fault.to, this.end_at);
    this.end_at = Math.max(this.end_at, 1e-3);
    this.between = 0;
    for (let i = 0; i < this.from.length; i++) this.between += this.from[i] !== CLIENT;
    // Of each copy, so that drawing need not ask: the number of its kind in `kinds`.
    this.copies.kind = Uint8Array.from(this.copies.message, m => kinds.indexOf(this.kindOf(m)));
  }

  // An item is what a node can lack: a value, or of a counter's entry each count that it had. Who has
  // a later count has what is in the earlier ones, too. Those of a value stand together, in order.
  numberItems() {
    const { value, count } = this.learnt, one = [1];
    const counts = this.values.map(() => this.run.counter ? new Set() : one);
    for (let i = 0; this.run.counter && i < value.length; i++) {
      if (value[i] >= 0) counts[value[i]].add(count[i]);
    }
    const items = this.items = { value: [], count: [], weight: [] };
    this.firstItem = counts.map((set, v) => {
      const first = items.value.length;
      let before = 0;
      for (const c of [...set].sort((a, b) => a - b)) {
        items.value.push(v);
        items.count.push(c);
        items.weight.push(c - before);
        before = c;
      }
      return first;
    });
    this.firstItem.push(items.value.length);
    this.nameEntries();
  }
  // Entries of a counter are called n3+ and n3-; those of n3's second life n3/2+ and n3/2-.
  nameEntries() {
    this.entries = []; // {node, life, sign}, by value
    const lives = new Map();
    for (const key of this.run.counter ? this.values : []) {
      const [node, life, sign] = parseJson(key), incarnation = JSON.stringify(life);
      if (!lives.has(node)) lives.set(node, []);
      const known = lives.get(node);
      if (!known.includes(incarnation)) known.push(incarnation);
      this.entries.push({ node, life: known.indexOf(incarnation) + 1, sign });
    }
  }
  textOf(value, count) {
    if (!this.run.counter) return this.values[value];
    const { node, life, sign } = this.entries[value];
    return node + (life > 1 ? "/" + life : "") + sign + count;
  }
  itemText(item) { return this.textOf(this.items.value[item], this.items.count[item]); }

  // Goes through what was learnt, and calls back before each moment, and for each item that a node
  // comes to know: visit.learn(item, at, node, how many have it now).
  replay(visit) {
    const { at, node, value, count } = this.learnt, { items, firstItem } = this;
    const n = this.nodes, width = this.values.length;
    // Of each node and value, the first item that the node does not know.
    const next = new Int32Array(n * width), totals = new Float64Array(n);
    for (let i = 0; i < n; i++) next.set(firstItem.slice(0, width), i * width);
    const holders = new Uint16Array(items.value.length), state = { totals, total: 0, holders };
    for (let i = 0; i < at.length; i++) {
      visit.before(at[i], state);
      const who = node[i], v = value[i];
      if (v < 0) {
        totals[who] = 0;
        for (let w = 0; w < width; w++) {
          while (next[who * width + w] > firstItem[w]) {
            const item = --next[who * width + w];
            if (--holders[item] === 0) state.total -= items.weight[item];
          }
        }
        continue;
      }
      let item = next[who * width + v];
      for (; item < firstItem[v + 1] && items.count[item] <= count[i]; item++) {
        totals[who] += items.weight[item];
        if (++holders[item] === 1) state.total += items.weight[item];
        visit.learn(item, at[i], who, holders[item]);
      }
      next[who * width + v] = item;
    }
    visit.before(Infinity, state);
  }

  derive() {
    const bins = this.bins = 720, n = this.nodes;
    const lacks = this.lacks = new Float32Array(bins * n), step = this.end_at / bins;
    const width = this.items.value.length;
    const born = this.born = new Float64Array(width).fill(-1);
    const half = this.half = new Float64Array(width).fill(-1);
    const everywhere = this.everywhere = new Float64Array(width).fill(-1);
    const last = this.last = new Uint16Array(width); // the node that had it last
    let bin = 0;
    this.replay({
      before: (time, state) => {
        for (; bin < bins && (bin + 1) * step < time; bin++) {
          for (let i = 0; i < n; i++) lacks[bin * n + i] = Math.max(0, state.total - state.totals[i]);
        }
      },
      learn: (item, at, node, holders) => {
        if (born[item] < 0) born[item] = at;
        if (half[item] < 0 && 2 * holders >= n) half[item] = at;
        if (everywhere[item] >= 0 || holders < n) return;
        everywhere[item] = at;
        last[item] = node;
      },
    });
    this.mostLacking = lacks.reduce((most, x) => Math.max(most, x), 0);
  }

  // What a node knows at a moment, and what any node does: the count of each value. What the last node
  // to have it has lost is not there.
  knowledge(node, moment) {
    const known = new Map(), { at, node: who, value, count } = this.learnt;
    for (let i = 0; i < at.length && at[i] <= moment; i++) {
      if (who[i] !== node) continue;
      if (value[i] < 0) known.clear();
      else known.set(value[i], Math.max(count[i], known.get(value[i]) || 0));
    }
    return { known, all: this.heldAt(moment) };
  }
  heldAt(moment) {
    if (this.held && this.held.moment === moment) return this.held.all;
    const { value, count } = this.items, all = new Map();
    let open = true;
    this.replay({
      before: (time, state) => {
        if (!open || time <= moment) return;
        open = false;
        state.holders.forEach((n, item) => { if (n > 0) all.set(value[item], count[item]); });
      },
      learn: () => {},
    });
    this.held = { moment, all };
    return all;
  }
  // Which nodes have an item at a moment: 1 for each that has.
  holders(item, moment) {
    const has = new Uint8Array(this.nodes), { at, node, value, count } = this.learnt;
    for (let i = 0; i < at.length && at[i] <= moment; i++) {
      if (value[i] < 0) has[node[i]] = 0;
      else if (value[i] === this.items.value[item] && count[i] >= this.items.count[item]) has[node[i]] = 1;
    }
    return has;
  }
  // How much each node lacks at a moment.
  lackingAt(moment) {
    const lacks = new Float64Array(this.nodes);
    let open = true;
    this.replay({
      before: (time, state) => {
        if (!open || time <= moment) return;
        open = false;
        for (let i = 0; i < this.nodes; i++) lacks[i] = Math.max(0, state.total - state.totals[i]);
      },
      learn: () => {},
    });
    return lacks;
  }
  // The items that a node lacks at a moment, those that were added first before the others.
  lackedBy(node, moment) {
    const { known, all } = this.knowledge(node, moment), { count } = this.items, out = [];
    for (const [v, most] of all) {
      for (let item = this.firstItem[v]; item < this.firstItem[v + 1] && count[item] <= most; item++) {
        if (count[item] > (known.get(v) || 0)) out.push(item);
      }
    }
    return out.sort((a, b) => this.born[a] - this.born[b]);
  }
  stateAt(node, moment) {
    let state = "up";
    for (const change of this.states[node]) if (change.at <= moment) state = change.what;
    return state;
  }
  faultsAt(moment) { return this.faults.filter(f => f.from <= moment && moment < f.to); }
}

// The entries in a message's body, as [{key, count}]: grapevine's, what a client adds, or what looks
// like values in the messages of other nodes.
function carried(body, run) {
  const out = [], add = (key, count) => out.push({ key: JSON.stringify(key), count });
  for (const run of Array.isArray(body.entries) ? body.entries : []) {
    for (const key of run.set || []) add(key, 1);
    for (const entry of run.counter || []) add(entry[0], numberOf(entry[1]));
  }
  const names = run.set ? ["message", "element", "value", "messages", "elements", "values"] : [];
  for (const name of names) {
    const found = body[name];
    for (const one of Array.isArray(found) && name.endsWith("s") ? found : found === undefined ? [] : [found]) {
      add(one, 1);
    }
  }
  return out;
}
