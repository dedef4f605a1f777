// SPDX-License-Identifier: MIT
// Answers questions about who knows what, with the path it took.
const DISK_MAX = 5; // seconds that a value may be on its way to a disk

class Why {
  constructor(model) {
    this.model = model;
  }

  // {title, parts: [paragraph or {heading, items}], copies, marks, span} or {title} alone. An item is
  // a text or {text, copy}, a paragraph a text.
  ask(question) {
    const { model } = this;
    if (!model.values.length) return { title: "This workload keeps no values that a node could lack." };
    let found = /\bwhy\b.*?\b(n\d+)\b\s*(?:lack|miss|not know|not have|without)?\w*\s+(\S.*?)(?:\s+at\s+([\d.]+)\s*s?)?\s*\??$/i
      .exec(question.trim());
    if (found) return this.why(found[1], this.valueOf(found[2]), found[2], found[3] && +found[3]);
    found = /\bwho\b.*?\b(?:has|had|knows|lacks)\s+(\S.*?)\s*\??$/i.exec(question.trim());
    if (found) return this.who(this.valueOf(found[1]), found[1]);
    return { title: "Ask, for instance: why does n7 lack 412? Or: who has 412?" };
  }
  valueOf(text) {
    const number = this.model.valueNumbers.get(text);
    return number === undefined ? this.model.valueNumbers.get(JSON.stringify(text)) : number;
  }

  // When a node came to know a value, and lost it: [{at, message}], message −2 for a loss.
  story(node, value) {
    const { at, node: who, value: what, message } = this.model.learnt, out = [];
    let has = false;
    for (let i = 0; i < at.length; i++) {
      if (who[i] !== node) continue;
      if (what[i] === value && !has) {
        out.push({ at: at[i], message: message[i] >= 0 ? message[i] : this.source(node, value, at[i]) });
        has = true;
      } else if (what[i] === -1 && has) {
        out.push({ at: at[i], message: -2 });
        has = false;
      }
    }
    return out;
  }
  // The message by which a node came to know a value that it had to write to its disk first; −1:
  // there is none, so it was there already.
  source(node, value, moment) {
    const { model } = this, { message, at, until, outcome } = model.copies, text = model.values[value];
    const crashed = model.states[node].filter(s => s.what === "down" && s.at <= moment).pop();
    const since = Math.max(moment - DISK_MAX, crashed ? crashed.at : 0);
    let best = -1, latest = since;
    for (let c = lowerBound(at, since - model.longest); c < at.length && at[c] <= moment; c++) {
      const m = message[c];
      if (model.to[m] !== node || outcome[c] !== Outcome.DELIVERED) continue;
      if (until[c] < latest || until[c] > moment + 1e-6 || !model.body(m).includes(text)) continue;
      if (!carried(JSON.parse(model.body(m))).some(entry => entry.key === text)) continue;
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

  // How a value came to a node: the steps back to the client that brought it, first step first.
  path(node, value, moment) {
    const steps = [], seen = new Set(), { model } = this;
    while (node !== CLIENT && !seen.has(node)) {
      seen.add(node);
      const gained = this.story(node, value).filter(s => s.at <= moment + 1e-9 && s.message !== -2).pop();
      if (!gained) break;
      if (gained.message < 0) {
        steps.unshift({ at: gained.at, node, from: node, message: -1, copy: -1 });
        break;
      }
      const from = model.from[gained.message];
      steps.unshift({ at: gained.at, node, from, message: gained.message,
        copy: this.copyAt(gained.message, gained.at) });
      node = from;
      moment = model.at[gained.message];
    }
    return steps;
  }

  // Copies that carried the value to a node and never came, sent in a stretch of time.
  failures(node, value, from, to) {
    const { model } = this, { message, at, outcome } = model.copies, out = [];
    const text = model.values[value];
    for (let c = lowerBound(at, from); c < at.length && at[c] <= to; c++) {
      const m = message[c];
      if (outcome[c] < Outcome.CUT || model.to[m] !== node || model.from[m] === CLIENT) continue;
      const body = model.body(m);
      if (!body.includes(text)) continue;
      if (carried(JSON.parse(body)).some(entry => entry.key === text)) out.push(c);
    }
    return out;
  }

  step(s) {
    const { model } = this, at = seconds(s.at);
    if (s.message < 0) return { text: `n${s.node} had it on its disk, and knew it at ${at}` };
    if (s.from === CLIENT) return { text: `a client gave it to n${s.node} at ${at}`, copy: s.copy };
    const flight = s.copy >= 0 ? `, ${duration(s.at - model.copies.at[s.copy])} after it was sent` : "";
    return { text: `n${s.from} told n${s.node} at ${at} (${model.types[model.type[s.message]]}${flight})`,
      copy: s.copy };
  }
  failure(c) {
    const { model } = this, m = model.copies.message[c];
    return { text: `n${model.from[m]} told n${model.to[m]} at ${seconds(model.copies.at[c])}, ` +
      outcomeText[model.copies.outcome[c]], copy: c, dropped: true };
  }

  why(name, value, text, moment) {
    const { model } = this, node = +name.slice(1);
    if (node >= model.nodes) return { title: `There is no ${name}: nodes are n0 to n${model.nodes - 1}.` };
    if (value === undefined) return { title: `Nobody ever had ${text}, as far as this run tells.` };
    const born = model.born[value], story = this.story(node, value);
    if (moment !== undefined && moment < born) {
      return { title: `At ${seconds(moment)} nobody had ${text}: it was born at ${seconds(born)}.` };
    }
    const before = story.filter(s => s.at <= (moment === undefined ? -1 : moment)).pop();
    if (before && before.message !== -2) {
      const steps = this.path(node, value, moment);
      return this.finish(`${name} does not lack ${text} at ${seconds(moment)}: it has known it since ` +
        `${seconds(before.at)}.`, [{ heading: "How it came there", items: steps.map(s => this.step(s)) }],
        steps, [], born);
    }
    const gaps = this.gaps(story, born);
    const gap = moment === undefined ? gaps.reduce((a, b) => b.until - b.from > a.until - a.from ? b : a)
      : gaps.find(g => g.until > moment);
    return this.explain(name, node, value, text, gap, gaps.filter(g => g !== gap));
  }
  // The times at which a node lacked a value: from its birth, or from a crash.
  gaps(story, born) {
    const out = [];
    let from = born, crashed = false;
    for (const change of story) {
      if (change.message !== -2) out.push({ from, until: change.at, crashed, came: true });
      from = change.at;
      crashed = change.message === -2;
    }
    if (crashed || story.length === 0) out.push({ from, until: this.model.end_at, crashed, came: false });
    return out;
  }
  explain(name, node, value, text, gap, others) {
    const { from, until } = gap, wait = until - from, parts = [];
    const failed = this.failures(node, value, from, until);
    const steps = gap.came ? this.path(node, value, until) : [];
    const since = gap.crashed ? `from ${seconds(from)}, when it forgot it in a crash,`
      : `from ${seconds(from)}, when it was born,`;
    const title = !gap.came ? `${name} lacked ${text} ${since} to the end.`
      : wait < 1e-6 ? `${name} never lacked ${text}: it was the first to have it, at ${seconds(from)}.`
      : `${name} lacked ${text} for ${duration(wait)}: ${since} until ${seconds(until)}.`;
    if (steps.length) parts.push({ heading: "The path by which it came", items: steps.map(s => this.step(s)) });
    parts.push(this.obstacles(name, node, from, until, failed, wait));
    for (const other of others.filter(g => g.until - g.from > 1e-6)) {
      parts.push(`It also lacked it for ${duration(other.until - other.from)}, from ${seconds(other.from)}` +
        (other.crashed ? ", after a crash." : other.came ? ", when it was born." : " to the end."));
    }
    return this.finish(title, parts.filter(Boolean), steps, failed, from, until);
  }
  obstacles(name, node, from, until, failed, wait) {
    const { model } = this, items = failed.slice(0, 12).map(c => this.failure(c));
    if (failed.length > 12) items.push({ text: `… and ${failed.length - 12} more that were dropped` });
    for (const [i, change] of model.states[node].entries()) {
      const next = model.states[node][i + 1], to = next ? next.at : model.end_at;
      if (change.what === "up" || to < from || change.at > until) continue;
      items.push({ text: `${name} was ${change.what} from ${seconds(change.at)} to ${seconds(to)}` });
    }
    for (const fault of model.faults) {
      if (fault.from >= until || fault.to <= from || /^(crash|pause)/.test(fault.kind)) continue;
      items.push({ text: `${faultNames[fault.kind]} from ${seconds(fault.from)} to ` +
        `${seconds(fault.to)}: ${fault.text}` });
    }
    if (items.length) return { heading: "What was in the way meanwhile", items, loose: true };
    return wait > 1e-6 ? "Nothing was in the way: no message with it was dropped, it took the path above." : "";
  }
  finish(title, parts, steps, failed, from, until = from) {
    const copies = [...steps.map(s => s.copy), ...failed].filter(c => c >= 0);
    const { at, until: ends } = this.model.copies;
    return { title, parts, copies, marks: steps.slice(-1).map(s => ({ at: s.at, node: s.node })),
      span: [Math.min(from, ...copies.map(c => at[c])), Math.max(until, ...copies.map(c => ends[c]))] };
  }

  who(value, text) {
    const { model } = this;
    if (value === undefined) return { title: `Nobody ever had ${text}, as far as this run tells.` };
    const has = [], lacks = [];
    for (let node = 0; node < model.nodes; node++) {
      const story = this.story(node, value), last = story[story.length - 1];
      if (last && last.message !== -2) has.push({ node, at: last.at, message: last.message });
      else lacks.push("n" + node);
    }
    has.sort((a, b) => a.at - b.at);
    const items = has.map(h => this.step({ ...h, from: h.message < 0 ? h.node : model.from[h.message],
      copy: h.message < 0 ? -1 : this.copyAt(h.message, h.at) }));
    const title = lacks.length ? `${has.length} of ${model.nodes} nodes have ${text} at the end; ` +
      `${lacks.slice(0, 20).join(", ")} ${lacks.length > 1 ? "lack" : "lacks"} it.`
      : `All ${model.nodes} nodes have ${text}, ${duration(has[has.length - 1].at - model.born[value])} ` +
        "after it was born.";
    return this.finish(title, [{ heading: "In the order in which they came to know it", items }],
      items.map((item, i) => ({ copy: item.copy, at: has[i].at, node: has[i].node })), [],
      model.born[value]);
  }
}
