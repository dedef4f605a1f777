// SPDX-License-Identifier: MIT
// The table of log messages or transactions: who sent each, when it reached the nodes and was
// returned by polls or overwritten. A bar for each shows these times.
const ROWS = 15; // of a page

function makeTable(model, onask) {
  const { operations, run } = model;
  const state = { key: "", node: -1, order: "time", first: 0 };
  const rows = run.log ? operations.elements.map((_, v) => messageRow(v)).filter(row => row.sent >= 0)
    : operations.list.filter(op => op.kind === "txn").map(transactionRow);

  // ---- Rows: {sent, node, keys, end, …}; end: when it was done, Infinity if never ----
  function messageRow(v) {
    const { key, offset, message } = operations.elements[v], item = model.firstItem[v], op = operations.opOf.get(v);
    const first = operations.firstReturn(v), stable = operations.stableEverywhere(offset), everywhere = model.everywhereAt[item];
    const sent = op ? op.at : model.createdAt[item] >= 0 ? model.createdAt[item] : first ? first.at : -1;
    const ends = [everywhere, ...(stable.at === undefined ? [] : [stable.at]), first ? first.at : -1];
    const slowest = stable.at !== undefined ? stable.node : model.lastNode[item];
    return { v, item, op, sent, node: op ? op.node : -1, keys: [plain(key)], key: plain(key), offset, message: plain(message),
      first, stable: stable.at, everywhere, slowest, end: ends.some(at => at < 0) ? Infinity : Math.max(...ends) };
  }
  function transactionRow(op) {
    const item = op.value === undefined ? -1 : model.firstItem[op.value];
    const everywhere = item < 0 ? op.at : model.everywhereAt[item], reads = operations.readsOf(op);
    const older = reads.filter(match => operations.newerThan(op, match).length > 0);
    return { v: op.value, item, op, sent: op.at, node: op.node, keys: [...new Set(op.body.txn.map(([, key]) => plain(key)))],
      everywhere, older, end: everywhere < 0 ? Infinity : everywhere };
  }

  function chosen() {
    const list = rows.filter(row => (state.key === "" || row.keys.includes(state.key)) &&
      (state.node < 0 || row.node === state.node) && (state.order !== "older" || row.older.length > 0));
    if (state.order === "slowest") return list.sort((a, b) => b.end - b.sent - (a.end - a.sent) || a.sent - b.sent);
    if (run.log && state.key !== "") return list.sort((a, b) => a.offset - b.offset);
    return list.sort((a, b) => a.sent - b.sent);
  }

  // ---- Cells ----
  function link(text, question, title) {
    const button = element("button", text, "link");
    button.type = "button";
    button.title = title || question;
    button.addEventListener("click", () => onask(question));
    return button;
  }
  const never = (text = "never") => element("span", text, "drop");
  const unseen = text => model.keptUntil < Infinity ? element("span", "not shown") : never(text);
  const later = (at, sent, what) => at < 0 ? never() : element("span", (at - sent < 5e-5 ? "at once" : `+${duration(at - sent)}`) + (what || ""));
  function messageCells(row) {
    const { op, sent, first } = row, name = operations.textOf(row.v), reply = op && op.reply;
    const cells = [link(row.key + "/" + row.message, `who has ${name}?`), element("span", String(row.offset)),
      element("span", seconds(sent)), element("span", op ? `${op.client} → n${op.node}` : "not shown"),
      !reply ? unseen("no reply") : reply.type === "send_ok" ? later(reply.at, sent) : never(`error ${reply.body.code}`),
      later(row.everywhere, sent)];
    if (operations.hasCuts) cells.push(later(row.stable, sent));
    const to = first && `, n${first.node} → ${first.client}`; // earlier polls may be omitted
    cells.push(!first ? unseen() : first.at > model.keptUntil ? element("span", `by ${seconds(first.at)}${to}`) : later(first.at, sent, to));
    const question = operations.hasCuts ? `why does n${row.slowest} not return ${name}?` : `why does n${row.slowest} lack ${name}?`;
    return [...cells, link("why", question), waterfall(row)];
  }
  function transactionCells(row) {
    const { op, sent } = row, list = shownOf(op), text = element("span", undefined, "operations");
    list.slice(0, 12).forEach(([kind, key, value]) => {
      const words = `${kind} ${plain(key)}=${plain(value)}`;
      const older = kind === "r" && row.older.find(match => match.read === JSON.stringify(value) && JSON.stringify(match.key) === JSON.stringify(key));
      const part = older ? link(words, questionOf(op, older), "an older value: why?") : element("span", words, kind === "w" ? "write" : "");
      text.append(part, " ");
    });
    if (list.length > 12) text.append(`… ${list.length - 12} more`);
    const reply = op.reply, outcome = !reply ? unseen("no reply") : reply.type === "error" ? never(`error ${reply.body.code}`) : later(reply.at, sent);
    const over = element("span", undefined, "operations");
    for (const [key] of row.item < 0 ? [] : operations.elements[row.v].writes) {
      const next = operations.successor(key, row.v);
      if (next === undefined) continue;
      const name = `${plain(key)}=${plain(operations.writeOf(next, key))}`;
      over.append(link(name, `who has ${name}?`), " ");
    }
    const writes = row.item >= 0, name = writes && operations.shortTextOf(row.v);
    const why = element("span");
    if (writes) why.append(link("who", `who has ${name}?`));
    if (writes && !model.blind) why.append(" · ", link("why", `why does n${slowestNode(row)} lack ${name}?`));
    return [element("span", seconds(sent)), element("span", `${op.client} → n${op.node}`), text, outcome,
      ...(model.blind ? [] : [writes ? later(row.everywhere, sent) : element("span", "–")]), over, why, waterfall(row)];
  }
  // The node that received the transaction last, or lacks it.
  function slowestNode({ item, everywhere }) {
    return everywhere >= 0 ? model.lastNode[item] : Math.max(0, model.holders(item, model.end_at).indexOf(0));
  }

  // Bars from sending to the last node and to the last stable cut, with a dot at each node's first
  // poll, or a tick when each node received the transaction.
  let scale = [0, 1];
  function waterfall(row) {
    const box = element("div", undefined, "waterfall"), [from, to] = scale;
    const x = at => Math.max(0, Math.min(100, 100 * (at - from) / (to - from)));
    const add = (name, at, until) => {
      if (at > to) return;
      const mark = element("i", undefined, name);
      mark.style.left = x(at) + "%";
      if (until !== undefined) mark.style.width = Math.max(0.4, x(until) - x(at)) + "%";
      box.append(mark);
    };
    const orEnd = at => at < 0 ? model.end_at : at;
    if (row.item >= 0 && !model.blind) {
      if (operations.hasCuts && run.log) add("stable", row.sent, orEnd(row.stable));
      add(row.everywhere < 0 ? "never" : "spread", row.sent, orEnd(row.everywhere));
    }
    if (run.log) for (const { at } of operations.returnedBy(row.v).values()) add("poll", at);
    else for (const at of arrivals(row.item)) add("arrival", at);
    return box;
  }
  let received = null; // by value: the times at which nodes first had it
  function arrivals(item) {
    if (received === null) {
      received = new Map();
      const { at, value } = model.learned;
      value.forEach((v, i) => v >= 0 && (received.has(v) ? received.get(v).push(at[i]) : received.set(v, [at[i]])));
    }
    return item < 0 ? [] : received.get(model.items.value[item]) || [];
  }

  // ---- The table ----
  const heads = run.log ? ["message", "offset", "sent", "by", "acknowledged", "at all nodes",
    ...(operations.hasCuts ? ["stable at all"] : []), "first poll", "", ""]
    : ["sent", "by", "operations", "acknowledged", ...(model.blind ? [] : ["at all nodes"]), "overwritten by", "", ""];
  function render() {
    const list = chosen(), count = list.length;
    state.first = Math.max(0, Math.min(state.first, ROWS * Math.floor((count - 1) / ROWS)));
    const shown = list.slice(state.first, state.first + ROWS);
    const from = shown.reduce((least, row) => Math.min(least, row.sent), Infinity);
    const ends = shown.map(row => Math.max(row.sent, ...(model.blind ? arrivals(row.item) : [Math.min(row.end, model.end_at)])));
    const to = ends.reduce((most, at) => Math.max(most, at), 0);
    scale = [from, Math.max(from + 1e-3, to + 0.02 * (to - from))];
    const body = element("tbody");
    for (const row of shown) {
      const line = body.insertRow();
      for (const cell of run.log ? messageCells(row) : transactionCells(row)) line.insertCell().append(cell);
    }
    const head = element("thead"), titles = head.insertRow();
    heads.forEach((text, i) => {
      const cell = element("th", i === heads.length - 1 && count ? `${seconds(scale[0], .01)} to ${seconds(scale[1], .01)}` : text);
      cell.scope = "col";
      titles.append(cell);
    });
    byId("history").replaceChildren(head, body);
    byId("history-status").textContent = count === 0 ? `no ${model.item[1]}`
      : `${grouped(state.first + 1)} to ${grouped(state.first + shown.length)} of ${grouped(count)} ${model.item[count === 1 ? 0 : 1]}`;
    document.querySelector("[data-history=previous]").disabled = state.first === 0;
    document.querySelector("[data-history=next]").disabled = state.first + ROWS >= count;
  }
  function options(id, list, apply) {
    const select = byId(id);
    select.replaceChildren(...list.map(([value, text]) => Object.assign(element("option", text), { value })));
    select.addEventListener("change", () => {
      apply(select.value);
      state.first = 0;
      render();
    });
  }
  function legends() {
    const kinds = run.log ? [["spread", "until all nodes have it"], ...(operations.hasCuts ? [["stable", "until it is stable at all nodes"]] : []),
      ["poll", "a node's first poll that returns it"]]
      : model.blind ? [["arrival", "the first reply of a node that shows it"]]
      : [["spread", "until all nodes have it"], ["arrival", "a node receives it, with all its writes"]];
    byId("history-note").hidden = run.log || rows.every(row => row.older.length === 0);
    const never = model.blind ? [] : [["never", "never at all nodes"]];
    byId("history-legend").replaceChildren(...[...kinds, ...never].map(([name, text]) => {
      const item = element("span"), mark = element("i", undefined, name);
      item.append(mark, text);
      return item;
    }));
  }

  const keys = [...new Set(rows.flatMap(row => row.keys))].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  options("history-key", [["", run.log ? "all keys" : "all registers"], ...keys.map(key => [key, `${run.log ? "key" : "register"} ${key}`])],
    value => { state.key = value; });
  options("history-node", [["-1", "sent to any node"], ...Array.from({ length: model.nodes }, (_, n) => [String(n), `sent to n${n}`])],
    value => { state.node = +value; });
  options("history-order", [["time", "in order"], ["slowest", "slowest first"], ...(run.log ? [] : [["older", "reads of older values"]])],
    value => { state.order = value; });
  for (const [name, by] of [["previous", -ROWS], ["next", ROWS]]) {
    document.querySelector(`[data-history=${name}]`).addEventListener("click", () => {
      state.first += by;
      render();
    });
  }
  byId("history-title").textContent = run.log ? "Logs" : "Transactions";
  legends();
  render();
}
