// SPDX-License-Identifier: MIT
// The violations of a run: where and when they occurred, and the questions that the page suggests.
const FAILURES_SHOWN = 12, QUESTIONS_MAX = 4;

// {list: [{text, at, nodes, questions}], count}: the first violations, and the number of all. at: Infinity if
// the violation was found after the run.
function failuresOf(model, result) {
  function failure(text) {
    const plain = text.replace(/[\u0000-\u001f]/g, " ");
    const violation = model.violations.find(v => v.text === plain);
    const at = violation ? violation.at : Infinity, moment = Math.min(at, model.end_at);
    const claim = plain.split(/(?:The line|Line): /)[0]; // without the text that a node printed
    const named = [...new Set([...claim.matchAll(/\bn(\d+)\b/g)].map(m => +m[1]))].filter(n => n < model.nodes);
    // The first question is about the node that acknowledged a lost value.
    const acked = new Set([...((/acknowledged by((?: n\d+)+)/.exec(claim) || [])[1] || "").matchAll(/n(\d+)/g)].map(m => +m[1]));
    const values = valuesIn(claim), questions = [], nodes = new Set();
    const ask = question => questions.length < QUESTIONS_MAX && !questions.includes(question) && questions.push(question);
    const why = (node, item, when) => {
      nodes.add(node);
      if (model.blind) return;
      ask(`why does n${node} lack ${model.itemText(item)}${when < model.end_at ? ` at ${+when.toFixed(3)} s` : ""}?`);
    };

    for (const value of values) {
      const item = model.firstItem[value];
      if (model.createdAt[item] > moment + 1e-6) continue; // no node had it yet
      const without = lacking(item, moment);
      const about = without.filter(n => named.includes(n)).sort((a, b) => acked.has(b) - acked.has(a));
      const allHave = about.length + without.length === 0;
      for (const node of (about.length ? about : without).slice(0, 2)) why(node, item, at);
      if (allHave) ask(`who has ${model.itemText(item)}?`);
    }
    for (const question of model.operations ? operationQuestions(claim, values, named) : []) ask(question);
    const lacks = model.lacks && values.length === 0 && concernsReplicas(claim) ? model.lackingAt(moment) : [];
    const worst = [...lacks.keys()].filter(n => lacks[n] > 0 && (named.length === 0 || named.includes(n)))
      .sort((a, b) => lacks[b] - lacks[a]);
    for (const node of worst.slice(0, 3)) {
      const [item] = model.lackedBy(node, moment);
      if (item !== undefined) why(node, item, at);
    }
    for (const node of worst) nodes.add(node);
    for (const node of named.slice(0, 2)) {
      if (nodes.size === 0 || named.length === 1) ask(`what happened at n${node}${at < model.end_at ? ` at ${+at.toFixed(3)} s` : ""}?`);
    }
    if (questions.length === 0 && at < Infinity) ask(`who sent at ${+moment.toFixed(3)} s?`);
    return { text, at, nodes: nodes.size ? [...nodes] : named, questions };
  }
  // Whether a failure is about the contents of replicas, by its kind, which precedes the first colon.
  function concernsReplicas(text) {
    return /equal|differ|digest|lost|absent|kept|forgot|sum|monotonic|goes back/.test(text.split(":")[0]);
  }
  // The messages that a poll skipped, as in "c8 polled key 5: … but not offset 2, message 3".
  function skipped(text) {
    const key = /\bkey ([^\s:,;)]+)/.exec(text);
    return key ? [...text.matchAll(/\bnot offset (\d+)/g)].map(m => `offset ${m[1]} of key ${key[1]}`) : [];
  }
  // Questions about the messages that an error says were not returned, and about the reads of older
  // values by the transactions that it names.
  function operationQuestions(text, values, named) {
    const { operations } = model, out = [];
    for (const value of model.run.log ? values : []) {
      const without = named.filter(node => !operations.returnedBy(value).has(node));
      for (const node of without.slice(0, 1)) out.push(`why does n${node} not return ${operations.textOf(value)}?`);
    }
    for (const [, client, list] of model.run.txn ? text.matchAll(/\bby (c\d+) at n\d+ \[([^\]]*)\]/g) : []) {
      const shown = list.replace(/, …$/, "");
      const op = operations.list.find(one => one.client === client && operationsText(resultOf(one)).startsWith(shown));
      const match = op && operations.readsOf(op).find(read => operations.newerThan(op, read).length > 0);
      if (match) out.push(questionOf(op, match));
    }
    const writers = model.run.txn ? [...text.matchAll(/\bread ([^\s=]+=[^\s,]+) of T/g)].map(m => `who has ${m[1]}?`) : [];
    return /^(aborted|intermediate)/.test(text) ? [...writers, ...out] : [...out, ...writers];
  }
  // The values of a set that an error names, or lists after a colon.
  function valuesIn(text) {
    const found = [];
    if (model.operations) {
      const names = model.run.txn ? concernsReplicas(text) ? text.match(/(?<=\b(?:returned|w) )[^\s=]+=[^\s,\]]+/g) || [] : []
        : [...skipped(text), ...text.match(/\b(?:message \S+|offset \d+) of key [^\s:,;)]+/g) || []];
      for (const name of names) {
        const value = model.operations.named.get(name);
        if (value !== undefined && !found.includes(value)) found.push(value);
      }
      return found.slice(0, 3);
    }
    if (!model.run.set) return found;
    const words = (/:((?:\s+[^\s:;]+)+)\s*(?:;|$)/.exec(text) || ["", ""])[1].trim().split(/[\s,]+/);
    const end = words.findIndex(word => !model.valueNumbers.has(word));
    if (end >= 0) words.length = /^[…(;]/.test(words[end]) ? end : 0; // no list, but a sentence with numbers
    words.push(...[...text.matchAll(/\b(?:value|shows|returns|returned) (\S+?)[,.;]?(?=\s|$)/g)].map(m => m[1]));
    for (const word of words) {
      const value = model.valueNumbers.get(word);
      if (value !== undefined && !found.includes(value)) found.push(value);
    }
    return found.slice(0, 3);
  }
  // The nodes that lack an item at a moment, or whose last read does not return it.
  function lacking(item, moment) {
    const out = [], { value } = model.items, has = model.holders(item, moment);
    for (let node = 0; node < model.nodes; node++) {
      const read = model.lastRead(node);
      if (!has[node] || (read && read.at <= moment + 1e-6 && !read.values.has(model.values[value[item]]))) out.push(node);
    }
    return out;
  }

  const errors = result ? result.errors : [], list = errors.slice(0, FAILURES_SHOWN).map(failure);
  // The page marks the nodes of the first failure that names nodes.
  const first = list.find(failure => failure.nodes.length > 0);
  model.implicated = new Set(first ? first.nodes : []);
  return { list, count: result ? Math.max(result.error_count, errors.length) : 0 };
}
