// SPDX-License-Identifier: MIT
// The data of the page: it reads the events into arrays, and computes which node had which values
// when.
const Outcome = { IN_FLIGHT: 0, DELIVERED: 1, CUT: 2, LOST: 3, DOWN: 4, FULL: 5, ALTERED: 6 };
const outcomeText = ["in flight at the end", "delivered", "dropped: a partition cut it off",
  "dropped: the network lost it", "dropped: the receiver was down",
  "dropped: the link was full", "dropped: an adversary altered it"];
const CLIENT = 0xffff;
// Services are numbered from SERVICE on; smaller numbers are nodes.
const SERVICE = 0xfff0, services = ["lin-kv", "seq-kv", "lww-kv", "lin-tso"];
// In place of the number of the message by which a node received a value: the source is unknown, or is a
// message that the report omits.
const UNKNOWN = -1, OMITTED = -2;
// Parses JSON. A number that JavaScript would print differently, such as one beyond 53 bits, keeps its
// text, since it identifies a value. (Browsers without JSON.rawJSON round it.)
const exactly = (_, value, context) => typeof value === "number" && context && context.source !== String(value)
  ? JSON.rawJSON(context.source) : value;
const parseJson = text => JSON.rawJSON && /\d{16}|\d[.eE]|-0/.test(text) ? JSON.parse(text, exactly) : JSON.parse(text);
const numberOf = value => value !== null && typeof value === "object" ? Number(value.rawJSON) : value;

const kinds = ["gossip", "sync", "other", "client"];

// The first index of a sorted array whose item is not below a value.
function lowerBound(sorted, value) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1; else high = middle;
  }
  return low;
}

class Model {
  constructor(run, text, kept) {
    this.run = run;
    run.log = run.workload === "kafka";
    run.txn = run.workload === "txn-rw-register";
    run.shared = run.set || run.counter || run.log || run.txn; // nodes share data
    // What an item is called: one, and several.
    this.item = run.counter ? ["addition", "additions"] : run.log ? ["log message", "log messages"]
      : run.txn ? ["transaction", "transactions"] : ["value", "values"];
    this.messagesSent = kept.messages;     // in the run, with those that the report omits
    this.keptUntil = kept.messages > kept.messages_max ? kept.until_us / 1e6 : Infinity;
    this.text = text;
    this.nodes = run.nodes;
    this.types = [];                       // names of the types of messages between nodes
    this.typeNumbers = new Map();
    // Messages, including requests of clients; openCopy: the first copy that is in flight.
    for (const name of ["at", "from", "to", "bytes", "type", "start", "end", "openCopy"]) this[name] = [];
    // Copies of messages: one of each, and more of those that the network duplicated. next: the next copy
    // of the same message.
    this.copies = { message: [], at: [], until: [], outcome: [], next: [] };
    // Values that nodes received or created. value −1: the node crashed and lost all.
    this.learned = { at: [], node: [], value: [], count: [], message: [] };
    // As JSON; for a counter, the keys of its entries; for logs and registers, see elementKey().
    this.values = [];
    this.stamps = new Map(); // of elements of logs, by value: [offset, name of the log]
    this.valueNumbers = new Map();
    this.counts = Array.from({ length: this.nodes }, () => new Map()); // by value, while reading
    this.messageOf = new Map();              // by id
    this.replies = [];                       // {at, node, client, start, end}
    this.faults = [];                        // {kind, text, from, to, number}
    this.states = Array.from({ length: this.nodes }, () => []); // {at, what}
    // The requests that a node received since its last start. Sets: the message by its value. Counters: by
    // sign, [{message, size}] of the additions that the node's entry does not include yet.
    this.requests = Array.from({ length: this.nodes }, () => new Map());
    this.lastReads = new Map();              // by node; see lastRead()
    this.violations = [];                    // {at, text}
    this.inferred = run.shared && text.indexOf("\nk") < 0;
    this.operations = run.log || run.txn ? new Operations(this) : null;
    this.readEvents();
    this.finish();
    this.numberItems();
    if (run.shared) this.derive();
    if (this.operations) this.operations.finish();
    // A read returns one version only, so if messages show no transactions, it is unknown which nodes
    // have the others.
    this.blind = this.inferred && run.txn && this.stamps.size === 0;
    if (this.blind) this.lacks = null;
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
  nodeNumber(name) {
    if (name[0] === "n") return +name.slice(1);
    return services.includes(name) ? SERVICE + services.indexOf(name) : CLIENT;
  }
  body(message) { return this.text.slice(this.start[message], this.end[message]); }
  parsed(message) { return parseJson(this.body(message)); }
  nameOf(node) { return node === CLIENT ? "a client" : services[node - SERVICE] || "n" + node; }

  unquoted(name) {
    try {
      return JSON.parse(`"${name}"`);
    } catch (_) {
      return name;
    }
  }
  // `service`: the name of the message's service and a space; or "".
  typeNumber(start, end, service) {
    const head = '{"type":"', { text } = this;
    let from = start + head.length;
    if (!text.startsWith(head, start)) {
      const found = /"type"\s*:\s*"/.exec(text.slice(start, Math.min(end, start + 400)));
      from = found ? start + found.index + found[0].length : end;
    }
    let to = from;
    while (to < end && text[to] !== '"') to += text[to] === "\\" ? 2 : 1;
    const name = service + (from < end ? text.slice(from, to) : "(none)");
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

  // A line is a letter, the microseconds since the previous line, and fields that depend on the letter.
  readEvents() {
    const text = this.text;
    let us = 0, at = text.indexOf("\n") + 1;
    while (at < text.length) {
      let end = text.indexOf("\n", at);
      if (end < 0) end = text.length;
      if (end > at) {
        this.cursor = at + 1;
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
    while (this.cursor < this.lineEnd && (code = this.text.charCodeAt(this.cursor) - 48) >= 0 && code < 10) {
      value = value * 10 + code;
      this.cursor++;
    }
    this.cursor++;
    return value;
  }
  word() {
    let end = this.text.indexOf(" ", this.cursor);
    if (end < 0 || end > this.lineEnd) end = this.lineEnd;
    const word = this.text.slice(this.cursor, end);
    this.cursor = end + 1;
    return word;
  }
  rest() { return this.text.slice(this.cursor, this.lineEnd); }

  line(letter, at) {
    switch (letter) {
    case "s": case "q": return this.onSend(at, letter === "s");
    case "d": return this.onEnd(at, this.messageOf.get(this.number()), Outcome.DELIVERED);
    case "x": {
      const message = this.messageOf.get(this.number());
      return this.onEnd(at, message, Outcome[this.word().toUpperCase()]);
    }
    case "2": return this.onCopy(at, this.messageOf.get(this.number()));
    case "k": return this.onLearn(at);
    case "r": {
      const node = this.nodeNumber(this.word()), client = this.word();
      this.replies.push({ at, node, client, start: this.cursor, end: this.lineEnd });
      if (this.operations) {
        this.operations.onReply(at, node, client, this.rest(), (key, message) => {
          if (this.inferred) this.learn(at, node, key, 1, message); else this.valueNumber(key);
        });
      }
      if (this.inferred && this.run.set) {
        const values = this.valuesRead(this.replies.at(-1));
        for (const key of values || []) if (this.valueNumbers.has(key)) this.learn(at, node, key, 1, UNKNOWN);
      }
      return;
    }
    case "t": {
      const node = this.nodeNumber(this.word()), [cut, holder] = JSON.parse(this.rest());
      if (this.operations) this.operations.onCut(at, node, cut, this.nodeNumber(holder));
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
      this.requests[node].clear();
      this.counts[node].clear();
      this.recordLearned(at, node, -1, 0, UNKNOWN);
      if (this.operations) this.operations.onCut(at, node, 0, -1);
      return;
    }
    case "u": return void this.states[this.nodeNumber(this.word())].push({ at, what: "up" });
    case "p": return void this.states[this.nodeNumber(this.word())].push({ at, what: "paused" });
    case "w": return void this.states[this.nodeNumber(this.word())].push({ at, what: "up" });
    case "v": return void this.violations.push({ at, text: this.rest() });
    }
  }

  onSend(at, between) {
    const message = this.at.length;
    this.messageOf.set(this.number(), message);
    const sender = this.word(), from = this.nodeNumber(sender), to = this.nodeNumber(this.word());
    this.bytes.push(between ? this.number() : 0);
    this.at.push(at);
    this.from.push(from);
    this.to.push(to);
    this.start.push(this.cursor);
    this.end.push(this.lineEnd);
    this.openCopy.push(-1);
    const service = between && services[Math.max(from, to) - SERVICE];
    this.type.push(between ? this.typeNumber(this.cursor, this.lineEnd, service ? service + " " : "") : 255);
    this.onCopy(at, message);
    if (this.operations && !between) this.operations.onRequest(at, message, sender, to);
    if (!this.inferred || !between || service) return;
    this.infer(at, from, message, UNKNOWN);
  }
  // A node has a client's value once it is on disk. That event does not name the request, so requests
  // are remembered here.
  onRequest(node, message) {
    const body = this.parsed(message), requests = this.requests[node];
    if (this.operations) {
      requests.set(requestKey(body, this.run), message);
      return;
    }
    for (const { key } of carried(body, this.run)) requests.set(key, message);
    if (!this.run.counter || body.type !== "add" || !body.delta) return;
    const sign = numberOf(body.delta) > 0 ? "+" : "-";
    if (!requests.has(sign)) requests.set(sign, []);
    requests.get(sign).push({ message, size: Math.abs(numberOf(body.delta)) });
  }
  onCopy(at, message) {
    if (message === undefined) return; // omitted
    const c = this.copies;
    c.next.push(this.openCopy[message]);
    this.openCopy[message] = c.at.length;
    c.message.push(message);
    c.at.push(at);
    c.until.push(Infinity);
    c.outcome.push(Outcome.IN_FLIGHT);
  }
  onEnd(at, message, outcome) {
    const copy = this.openCopy[message];
    if (!(copy >= 0)) return; // none is in flight, or the message is omitted
    this.openCopy[message] = this.copies.next[copy];
    this.copies.until[copy] = at;
    this.copies.outcome[copy] = outcome;
    if (outcome !== Outcome.DELIVERED) return;
    const node = this.to[message];
    if (this.from[message] === CLIENT) this.onRequest(node, message);
    if (!this.inferred || node >= SERVICE || services[this.from[message] - SERVICE]) return;
    // If no events say what nodes have, it is inferred from what they receive and send.
    this.infer(at, node, message, message);
  }

  // In messages between nodes, only what clients have added counts as a value, since the format of the
  // messages of foreign nodes is a guess.
  infer(at, node, message, source) {
    const isRequest = this.from[message] === CLIENT;
    for (const { key, count, stamp } of carried(this.parsed(message), this.run)) {
      if (stamp) this.stamps.set(key, stamp);
      const known = isRequest || !this.run.set || this.valueNumbers.has(key);
      if (known) this.learn(at, node, key, count, source);
    }
  }
  // The values that the reply to a read returns, as JSON; null: it is no such reply, or abridged.
  valuesRead(reply) {
    const text = this.text.slice(reply.start, reply.end);
    if (!text.includes('"read_ok"')) return null;
    try {
      const body = parseJson(text), values = body.messages ?? body.value;
      return Array.isArray(values) ? values.map(value => JSON.stringify(value)) : null;
    } catch (_) {
      return null;
    }
  }
  // A node's last read of the set: {at, values: a Set of JSON texts}, or null.
  lastRead(node) {
    if (!this.lastReads.has(node)) {
      let read = null;
      for (let i = this.replies.length - 1; i >= 0 && this.run.set && !read; i--) {
        const reply = this.replies[i], values = reply.node === node ? this.valuesRead(reply) : null;
        if (values) read = { at: reply.at, values: new Set(values) };
      }
      this.lastReads.set(node, read);
    }
    return this.lastReads.get(node);
  }

  recordLearned(at, node, value, count, message) {
    const k = this.learned;
    k.at.push(at);
    k.node.push(node);
    k.value.push(value);
    k.count.push(count);
    k.message.push(message);
  }
  // From now on, a node has a value, or this count of a counter's entry.
  learn(at, node, key, count, message) {
    const value = this.valueNumber(key), counts = this.counts[node];
    if (!this.run.counter && !this.inferred) { // a replica reports each value once
      this.recordLearned(at, node, value, count, message);
      return;
    }
    let before = counts.get(value) || 0;
    if (before >= count) return;
    counts.set(value, count);
    const own = message === UNKNOWN && this.run.counter ? JSON.parse(key) : [];
    const pending = own[0] === "n" + node ? this.requests[node].get(own[2]) || [] : [];
    while (before < count && pending.length > 0) { // each addition is a count of its own
      const { message: request, size } = pending.shift();
      before = Math.min(before + size, count);
      this.recordLearned(at, node, value, before, request);
    }
    if (before < count) this.recordLearned(at, node, value, count, message);
  }
  onLearn(at) {
    const id = this.word(), node = this.nodeNumber(this.word());
    // What a node has when it starts comes from its disk.
    const message = id === "-" ? UNKNOWN : this.messageOf.get(+id) ?? OMITTED;
    const started = message >= 0 && this.from[message] === CLIENT &&
      this.text.startsWith('{"type":"init"', this.start[message]);
    for (const value of parseJson(this.rest())) {
      if (this.operations) {
        const key = elementKey(this.run, value);
        this.stamps.set(key, [value[0][1], value[0][0]]);
        const source = id !== "-" ? message : this.requests[node].get(requestOfKey(key, this.run)) ?? UNKNOWN;
        this.learn(at, node, key, 1, started ? UNKNOWN : source);
        continue;
      }
      const [what, count] = this.run.counter ? [value[0], numberOf(value[1])] : [value, 1], key = JSON.stringify(what);
      const source = this.run.counter || id !== "-" ? message : this.requests[node].get(key) ?? UNKNOWN;
      this.learn(at, node, key, count, started ? UNKNOWN : source);
    }
  }

  finish() {
    const { at, until } = this.copies;
    this.longestDelay = 0; // from sending to arrival or drop, seconds
    for (let i = 0; i < at.length; i++) {
      if (until[i] === Infinity) until[i] = this.end_at;
      this.longestDelay = Math.max(this.longestDelay, until[i] - at[i]);
    }
    const delays = until.map((t, i) => t - at[i]).filter(d => d > 0).sort((a, b) => a - b);
    this.typicalDelay = delays[delays.length >> 1] || 0.01; // median of those above 0
    for (const fault of this.faults) fault.to = Math.min(fault.to, this.end_at);
    this.end_at = Math.max(this.end_at, 1e-3);
    this.nodeMessages = 0; // between nodes
    for (let i = 0; i < this.from.length; i++) this.nodeMessages += this.from[i] !== CLIENT;
    // The index of each copy's kind in `kinds`, computed once for drawing.
    this.copies.kind = Uint8Array.from(this.copies.message, m => kinds.indexOf(this.kindOf(m)));
  }

  // An item is what a node can lack: a value of a set, or a count that a counter's entry had. A node with
  // a count has all lower counts. The items of a value are consecutive, in ascending order.
  numberItems() {
    const { value, count } = this.learned, one = [1];
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
  // Entries of a counter are called n3+ and n3-, or in n3's second incarnation n3/2+ and n3/2-.
  nameEntries() {
    this.entries = []; // {node, incarnation, sign}, by value
    const incarnations = new Map(); // by node, in order of appearance
    for (const key of this.run.counter ? this.values : []) {
      const [node, id, sign] = parseJson(key), incarnation = JSON.stringify(id);
      if (!incarnations.has(node)) incarnations.set(node, []);
      const own = incarnations.get(node);
      if (!own.includes(incarnation)) own.push(incarnation);
      this.entries.push({ node, incarnation: own.indexOf(incarnation) + 1, sign });
    }
  }
  textOf(value, count) {
    if (this.operations) return this.operations.textOf(value);
    if (!this.run.counter) return this.values[value];
    const { node, incarnation, sign } = this.entries[value];
    return node + (incarnation > 1 ? "/" + incarnation : "") + sign + count;
  }
  itemText(item) { return this.textOf(this.items.value[item], this.items.count[item]); }

  // Replays what nodes learned. Calls visit.before(at, state) before each event, and for each item that a
  // node receives visit.learn(item, at, node, number of nodes that have it now).
  replay(visit) {
    const { at, node, value, count } = this.learned, { items, firstItem } = this;
    const n = this.nodes, width = this.values.length;
    // By node and value: the first item that the node lacks.
    const next = new Int32Array(n * width), totals = new Float64Array(n);
    for (let i = 0; i < n; i++) next.set(firstItem.slice(0, width), i * width);
    const holders = new Uint16Array(items.value.length), state = { totals, total: 0, holders };
    for (let i = 0; i < at.length; i++) {
      visit.before(at[i], state);
      const learner = node[i], v = value[i];
      if (v < 0) {
        totals[learner] = 0;
        for (let w = 0; w < width; w++) {
          while (next[learner * width + w] > firstItem[w]) {
            const item = --next[learner * width + w];
            if (--holders[item] === 0) state.total -= items.weight[item];
          }
        }
        continue;
      }
      let item = next[learner * width + v];
      for (; item < firstItem[v + 1] && items.count[item] <= count[i]; item++) {
        totals[learner] += items.weight[item];
        if (++holders[item] === 1) state.total += items.weight[item];
        visit.learn(item, at[i], learner, holders[item]);
      }
      next[learner * width + v] = item;
    }
    visit.before(Infinity, state);
  }

  // Computes how many items each node lacks over time, and when each item was created and on all nodes.
  derive() {
    const bins = this.bins = 720, n = this.nodes;
    const lacks = this.lacks = new Float32Array(bins * n), step = this.end_at / bins;
    const width = this.items.value.length;
    const createdAt = this.createdAt = new Float64Array(width).fill(-1);
    const halfAt = this.halfAt = new Float64Array(width).fill(-1);
    const everywhereAt = this.everywhereAt = new Float64Array(width).fill(-1);
    const lastNode = this.lastNode = new Uint16Array(width); // the last to receive it
    let bin = 0;
    this.replay({
      before: (time, state) => {
        for (; bin < bins && (bin + 1) * step < time; bin++) {
          for (let i = 0; i < n; i++) lacks[bin * n + i] = Math.max(0, state.total - state.totals[i]);
        }
      },
      learn: (item, at, node, holders) => {
        if (createdAt[item] < 0) createdAt[item] = at;
        if (halfAt[item] < 0 && 2 * holders >= n) halfAt[item] = at;
        if (everywhereAt[item] >= 0 || holders < n) return;
        everywhereAt[item] = at;
        lastNode[item] = node;
      },
    });
    this.mostLacking = 0; // of nodes that are up
    lacks.forEach((lack, i) => {
      if (lack <= this.mostLacking) return;
      if (this.stateAt(i % n, (Math.floor(i / n) + 1) * step) !== "down") this.mostLacking = lack;
    });
  }

  // The copies sent between two moments, in order.
  *copiesSent(from, to) {
    const { at } = this.copies;
    for (let c = lowerBound(at, from); c < at.length && at[c] <= to; c++) yield c;
  }

  // The counts of values that a node has at a moment, and the largest counts at any node.
  contents(node, moment) {
    const own = new Map(), { at, node: learner, value, count } = this.learned;
    for (let i = 0; i < at.length && at[i] <= moment; i++) {
      if (learner[i] !== node) continue;
      if (value[i] < 0) own.clear();
      else own.set(value[i], Math.max(count[i], own.get(value[i]) || 0));
    }
    return { own, all: this.unionAt(moment) };
  }
  // Calls visit with the state of the nodes at a moment (see replay).
  replayUntil(moment, visit) {
    let open = true;
    const before = (time, state) => {
      if (!open || time <= moment) return;
      open = false;
      visit(state);
    };
    this.replay({ before, learn: () => {} });
  }
  unionAt(moment) {
    if (this.cachedUnion && this.cachedUnion.moment === moment) return this.cachedUnion.all;
    const { value, count } = this.items, all = new Map();
    this.replayUntil(moment, ({ holders }) =>
      holders.forEach((n, item) => { if (n > 0) all.set(value[item], count[item]); }));
    this.cachedUnion = { moment, all };
    return all;
  }
  // Which nodes have an item at a moment: 1 for each that has it.
  holders(item, moment) {
    const has = new Uint8Array(this.nodes), { at, node, value, count } = this.learned;
    for (let i = 0; i < at.length && at[i] <= moment; i++) {
      if (value[i] < 0) has[node[i]] = 0;
      else if (value[i] === this.items.value[item] && count[i] >= this.items.count[item]) has[node[i]] = 1;
    }
    return has;
  }
  // The number of items that each node lacks at a moment.
  lackingAt(moment) {
    let lacks;
    this.replayUntil(moment, ({ total, totals }) => { lacks = totals.map(has => Math.max(0, total - has)); });
    return lacks;
  }
  // The items that a node lacks at a moment, in the order of their creation.
  lackedBy(node, moment) {
    const { own, all } = this.contents(node, moment), { count } = this.items, out = [];
    for (const [v, most] of all) {
      for (let item = this.firstItem[v]; item < this.firstItem[v + 1] && count[item] <= most; item++) {
        if (count[item] > (own.get(v) || 0)) out.push(item);
      }
    }
    return out.sort((a, b) => this.createdAt[a] - this.createdAt[b]);
  }
  stateAt(node, moment) {
    let state = "up";
    for (const change of this.states[node]) if (change.at <= moment) state = change.what;
    return state;
  }
  faultsAt(moment) { return this.faults.filter(f => f.from <= moment && moment < f.to); }
}

// The entries in a message's body, as [{key, count}]: the entries of a message of grapevine or of a client's
// request, or what looks like values in a message of a foreign node.
function carried(body, run) {
  const out = [], add = (key, count) => out.push({ key: JSON.stringify(key), count });
  for (const group of Array.isArray(body.entries) ? body.entries : []) {
    if (run.log || run.txn) {
      for (const element of Array.isArray(group.log) ? group.log.filter(e => isElement(run, e)) : []) {
        out.push({ key: elementKey(run, element), count: 1, stamp: [element[0][1], element[0][0]] });
      }
      continue;
    }
    for (const key of group.set || []) add(key, 1);
    for (const entry of group.counter || []) add(entry[0], numberOf(entry[1]));
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
