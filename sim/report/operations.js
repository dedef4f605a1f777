// SPDX-License-Identifier: MIT
// What clients did with logs (workload kafka) and registers (txn-rw-register): sends, polls and
// transactions with their replies; which poll first returned a message; the versions of each register.

// The key by which the page knows an element of a log, [[NAME,OFFSET],VALUE]: for a message, JSON of
// [key, offset, message]; for a transaction, JSON of its writes, which no other transaction has.
function elementKey(run, [[name, offset], value]) {
  return run.log ? JSON.stringify([name, offset, value]) : writesKey(value.map(([key, v]) => ["w", key, v]));
}
// Whether a message of a node, which may be foreign, has an element of a log here.
function isElement(run, element) {
  const pair = value => Array.isArray(value) && value.length === 2;
  if (!pair(element) || !pair(element[0])) return false;
  return run.log || (Array.isArray(element[1]) && element[1].length > 0 && element[1].every(pair));
}
// The last write of each register, as [register, value] in the order of registers; null: there is none.
function writesKey(operations) {
  const last = new Map();
  for (const [kind, key, value] of operations) if (kind === "w") last.set(JSON.stringify(key), [key, value]);
  const keys = [...last.keys()].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return keys.length ? JSON.stringify(keys.map(key => last.get(key))) : null;
}
// What a request of a client adds, as the key of `requests` in the model; null: nothing.
function requestKey(body, run) {
  if (run.log) return body.type === "send" ? JSON.stringify([body.key, body.msg]) : null;
  return Array.isArray(body.txn) ? writesKey(body.txn) : null;
}
// The same of an element, by its key.
function requestOfKey(key, run) {
  if (!run.log) return key;
  const [name, , message] = parseJson(key);
  return JSON.stringify([name, message]);
}
// The operations of a transaction, with the values that its reads returned; [] without a valid reply.
const resultOf = op => op.reply && Array.isArray(op.reply.body.txn) ? op.reply.body.txn.filter(Array.isArray) : [];
// The operations of a transaction: with results if it has any.
const shownOf = op => resultOf(op).length > 0 ? resultOf(op) : op.body.txn;
// As text: "r 8=5, w 9=7".
function operationsText(list, most = Infinity) {
  const texts = list.slice(0, most).map(([kind, key, value]) => `${kind} ${plain(key)}=${plain(value)}`);
  return texts.join(", ") + (list.length > most ? ", …" : "");
}
const plain = value => typeof value === "string" ? value : JSON.stringify(value);

class Operations {
  constructor(model) {
    this.model = model;
    this.list = [];           // {kind, at, message, node, client, body, reply: null or {at, type, body}}
    this.pending = new Map(); // by client and msg_id
    this.ofMessage = new Map();
    this.writers = new Map(); // by a write, as JSON of register and value: the key of the transaction
    this.returned = new Map(); // by the key of a message: by node, the first poll {at, node, client}
    // By node: the cut of its logs, an offset; the largest one so far, since a crash resets it; and the
    // node that it waits for, −1: unknown.
    this.cuts = Array.from({ length: model.nodes }, () => ({ at: [], cut: [], most: [], holder: [] }));
  }

  onRequest(at, message, client, node) {
    const body = this.model.parsed(message), kind = body.type;
    if (!["send", "poll", "txn"].includes(kind)) return;
    const op = { kind, at, message, node, client, body, reply: null };
    this.list.push(op);
    this.ofMessage.set(message, op);
    for (const [f, key, value] of kind === "txn" ? body.txn : []) {
      if (f === "w") this.writers.set(JSON.stringify([key, value]), writesKey(body.txn));
    }
    this.pending.set(client + " " + body.msg_id, op);
  }
  // Calls learned(key, message) for each element of a log that a reply shows to be at the node.
  onReply(at, node, client, text, learned) {
    if (!/"type":\s*"(?:send_ok|poll_ok|txn_ok|error)"/.test(text)) return;
    const body = parseJson(text), name = client + " " + body.in_reply_to, op = this.pending.get(name);
    const lists = body.type === "poll_ok" && body.msgs && typeof body.msgs === "object" ? Object.entries(body.msgs) : [];
    this.pending.delete(name);
    if (op) op.reply = { at, type: body.type, body };
    if (op && body.type === "send_ok") learned(JSON.stringify([op.body.key, body.offset, op.body.msg]), op.message);
    if (op && body.type === "txn_ok") {
      const key = writesKey(op.body.txn);
      if (key !== null) learned(key, op.message);
      for (const { key: register, read } of this.readsOf(op)) {
        const writer = this.writers.get(`[${JSON.stringify(register)},${read}]`);
        if (writer !== undefined) learned(writer, UNKNOWN);
      }
    }
    for (const [key, list] of lists) {
      for (const pair of Array.isArray(list) ? list : []) {
        if (!Array.isArray(pair)) continue;
        const [offset, message] = pair, element = JSON.stringify([key, offset, message]);
        if (!this.returned.has(element)) this.returned.set(element, new Map());
        const byNode = this.returned.get(element);
        if (!byNode.has(node)) byNode.set(node, { at, node, client });
        learned(element, UNKNOWN);
      }
    }
  }
  onCut(at, node, cut, holder) {
    const own = this.cuts[node];
    own.at.push(at);
    own.cut.push(cut);
    own.most.push(Math.max(cut, own.most.at(-1) || 0));
    own.holder.push(holder);
  }

  // ---- After all events ----
  finish() {
    const { model } = this;
    this.hasCuts = this.cuts.some(own => own.at.length > 0);
    this.elements = model.values.map(key => {
      const parsed = parseJson(key);
      return model.run.log ? { key: parsed[0], offset: parsed[1], message: parsed[2] } : { writes: parsed };
    });
    this.opOf = new Map(); // by value
    for (const op of this.list) {
      op.value = undefined;
      if (op.kind === "send" && op.reply && op.reply.type === "send_ok") {
        op.value = model.valueNumbers.get(JSON.stringify([op.body.key, op.reply.body.offset, op.body.msg]));
      } else if (op.kind === "txn") {
        op.value = model.valueNumbers.get(writesKey(op.body.txn));
      }
      if (op.value !== undefined && !this.opOf.has(op.value)) this.opOf.set(op.value, op);
    }
    const { message, value } = model.learned; // sends without a reply
    for (let i = 0; i < message.length; i++) {
      const op = message[i] >= 0 && value[i] >= 0 && this.ofMessage.get(message[i]);
      if (!op || op.value !== undefined || this.opOf.has(value[i])) continue;
      op.value = value[i];
      this.opOf.set(value[i], op);
    }
    this.nameElements();
    if (model.run.txn) this.orderVersions();
  }
  // The texts by which a question can name an element.
  nameElements() {
    this.named = new Map();
    const name = (text, v) => this.named.has(text) || this.named.set(text, v);
    this.elements.forEach((element, v) => {
      if (element.writes) {
        for (const [key, value] of element.writes) name(`${plain(key)}=${plain(value)}`, v);
        return;
      }
      const key = plain(element.key), message = plain(element.message);
      for (const text of [`message ${message} of key ${key}`, `${key}/${message}`, `offset ${element.offset} of key ${key}`]) {
        name(text, v);
      }
    });
  }
  // "message 7 of key 12", "8=7", or "8=7 with 9=5" if a transaction has several writes.
  textOf(v) {
    const { key, message, writes } = this.elements[v];
    if (!writes) return `message ${plain(message)} of key ${plain(key)}`;
    const [first, ...others] = writes.map(([k, value]) => `${plain(k)}=${plain(value)}`);
    return others.length === 0 ? first : `${first} with ${others.slice(0, 3).join(", ")}${others.length > 3 ? ", …" : ""}`;
  }
  shortTextOf(v) {
    const { key, message, writes } = this.elements[v];
    return writes ? `${plain(writes[0][0])}=${plain(writes[0][1])}` : `${plain(key)}/${plain(message)}`;
  }
  valueOf(text) {
    return this.named.get(text.trim().replace(/^(?:the )?(?:transaction )?/, "").replace(/\s+with\s.*$/, ""));
  }

  // ---- Logs ----
  // When an offset became stable at a node: below its cut. −1: never; undefined: unknown.
  stableAt(node, offset) {
    const { at, most } = this.cuts[node], i = lowerBound(most, offset + 1);
    return !this.hasCuts ? undefined : i < at.length ? at[i] : -1;
  }
  stableEverywhere(offset) {
    let last = 0, node = -1;
    for (let n = 0; n < this.model.nodes; n++) {
      const at = this.stableAt(n, offset);
      if (at === undefined || at < 0) return { at, node: n };
      if (at >= last) [last, node] = [at, n];
    }
    return { at: last, node };
  }
  // The cut of a node at a moment, and since when it waits for its holder.
  cutAt(node, moment) {
    const { at, cut, holder } = this.cuts[node];
    let i = lowerBound(at, moment + 1e-9) - 1;
    if (i < 0) return { cut: 0, holder: -1, since: 0 };
    const now = { cut: cut[i], holder: holder[i] };
    while (i > 0 && holder[i - 1] === now.holder && cut[i - 1] === now.cut) i--;
    return { ...now, since: at[i] };
  }
  // Whom a node waited for between two moments: {node, time} in seconds, longest first.
  waits(node, from, until) {
    const { at, holder } = this.cuts[node], sums = new Map();
    for (let i = 0; i < at.length && at[i] < until; i++) {
      const begin = Math.max(from, at[i]), end = Math.min(until, i + 1 < at.length ? at[i + 1] : until);
      if (end > begin && holder[i] >= 0) sums.set(holder[i], (sums.get(holder[i]) || 0) + end - begin);
    }
    return [...sums].map(([n, time]) => ({ node: n, time })).sort((a, b) => b.time - a.time);
  }
  returnedBy(v) { return this.returned.get(this.model.values[v]) || new Map(); }
  firstReturn(v) {
    return [...this.returnedBy(v).values()].reduce((a, b) => a === null || b.at < a.at ? b : a, null);
  }
  // The polls of a key at a node between two moments that asked for an offset at or below this one.
  pollsOf(node, { key, offset }, from, until) {
    return this.list.filter(op => op.kind === "poll" && op.node === node && op.at > from && op.at < until &&
      op.body.offsets && op.body.offsets[key] <= offset);
  }

  // ---- Registers ----
  // The versions of each register, by its JSON: [{value, written, at}], oldest first. They are in the
  // order of the nodes' stamps; without these, in the order in which they appeared.
  orderVersions() {
    const { model } = this, { stamps } = model;
    this.versions = new Map();
    this.elements.forEach(({ writes }, v) => {
      for (const [key, written] of writes) {
        const text = JSON.stringify(key);
        if (!this.versions.has(text)) this.versions.set(text, []);
        this.versions.get(text).push({ value: v, written: JSON.stringify(written) });
      }
    });
    const created = v => model.createdAt[v] < 0 ? Infinity : model.createdAt[v];
    const order = ({ value: a }, { value: b }) => {
      const x = stamps.get(model.values[a]), y = stamps.get(model.values[b]);
      if (!x || !y) return created(a) - created(b);
      return x[0] - y[0] || (x[1] < y[1] ? -1 : 1);
    };
    for (const list of this.versions.values()) list.sort(order);
  }
  // The transaction whose write of a register follows that of another one; undefined: none.
  successor(key, v) {
    const list = this.versions.get(JSON.stringify(key)) || [];
    const next = list[list.findIndex(version => version.value === v) + 1];
    return next && next.value;
  }
  writeOf(v, key) {
    return this.elements[v].writes.find(write => JSON.stringify(write[0]) === JSON.stringify(key))[1];
  }
  // The reads of a transaction that do not return its own writes: [{key, read}], read as JSON.
  readsOf(op) {
    const own = new Set(), out = [];
    for (const operation of op.kind === "txn" ? resultOf(op) : []) {
      const [kind, key, value] = operation, text = JSON.stringify(key);
      if (kind === "w") own.add(text);
      else if (!own.has(text)) out.push({ key, read: JSON.stringify(value) });
    }
    return out;
  }
  // The versions of a register that follow the one that was read and that some node had before, newest last.
  newerThan(op, { key, read }) {
    const list = this.versions.get(JSON.stringify(key)) || [], at = list.findIndex(v => v.written === read);
    const { createdAt } = this.model, moment = op.reply.at;
    if (at < 0 && read !== "null") return [];
    return list.slice(at + 1).filter(({ value }) => createdAt[value] >= 0 && createdAt[value] < moment - 1e-9 && value !== op.value);
  }
}
