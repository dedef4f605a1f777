// SPDX-License-Identifier: MIT
// Assembles the page: verdict and figures, charts, diagram, inspector, questions and answers.
function jump(copy, text) {
  const button = element("button", text, "link");
  button.type = "button";
  button.addEventListener("click", () => report.diagram.select(copy, true));
  return button;
}

// The verdict as {kind, title, note}. texts: what gvsim prints besides the figures, {too_slow,
// summary, exceeded}.
function verdictOf(result, texts, count) {
  const violations = `${grouped(count)} ${count === 1 ? "violation" : "violations"}`;
  if (!result) return { kind: "", title: "No verdict: the run was interrupted", note: "" };
  const { exceeded, summary } = texts, limits = exceeded.trim().split("\n").filter(Boolean);
  const also = (limits.length ? " " + limits.join("; ") + "." : "") + (result.hint ? ` ${result.hint}.` : "");
  if (result.valid === null) {
    return { kind: "unsure", title: "No verdict: the machine was too slow",
      note: `${texts.too_slow}. Otherwise: ${count ? `invalid, ${violations}` : `valid, ${summary}`}.${also}` };
  }
  if (!result.valid) return { kind: "bad", title: `Invalid: ${violations}`, note: also.trim() };
  if (limits.length) {
    return { kind: "bad", title: `Failed: the run exceeds ${limits.length === 1 ? "a limit" : `${limits.length} limits`}`,
      note: `${also.trim()} Otherwise valid: ${summary}.` };
  }
  const mayLose = (result.may_be_lost ?? result.excused) > 0;
  return { kind: "good", title: mayLose ? "Valid: no violation except allowed losses" : "Valid: no violation",
    note: `${summary === "no violation" ? "" : summary + "."}${also}`.trim() };
}

// Shows the verdict, and each violation with the time at which it was found and questions about it.
function showVerdict(model, result, texts, failures) {
  const { list, count } = failures, { kind, title, note } = verdictOf(result, texts, count);
  if (list.length) byId("outcome").after(byId("ask-section")); // the cause comes before the figures
  byId("outcome").className = kind;
  byId("verdict").textContent = title;
  byId("verdict-note").hidden = note === "";
  byId("verdict-note").textContent = note.replace(/^[a-z]/, c => c.toUpperCase());
  byId("errors").replaceChildren(...list.map(({ text, at, questions }) => {
    const item = element("li"), box = element("div", undefined, "asks");
    item.append(element("span", at < Infinity ? seconds(at) : "at the end", "time"), " ", text);
    box.append(...questions.map(question => {
      const button = element("button", question, "ask");
      button.type = "button";
      button.addEventListener("click", () => {
        askQuestion(question);
        byId("ask-section").scrollIntoView({ block: "start", behavior: "smooth" });
      });
      return button;
    }));
    if (questions.length) item.append(box);
    return item;
  }));
  byId("more-errors").hidden = count <= list.length;
  byId("more-errors").textContent = `… and ${grouped(count - list.length)} more`;
  const kept = model.at.length, keptNote = byId("kept-note");
  keptNote.hidden = model.keptUntil === Infinity;
  keptNote.textContent = `This report contains the first ${grouped(kept)} of ${grouped(model.messagesSent)} messages, including ` +
    `clients' requests: those until ${seconds(model.keptUntil)}. Values, faults and violations are complete. ` +
    `To keep all messages, run again with --report-max ${model.messagesSent}.`;
}

function showHead(model, run, result) {
  const scenario = run.scenario.trim();
  const title = `${run.nodes} nodes, ${run.workload}, ` +
    `${duration(model.end_at)}: ${grouped(result ? result.servers_msgs : model.nodeMessages)} messages` +
    (model.faults.length ? `, ${model.faults.length} ${model.faults.length > 1 ? "faults" : "fault"}` : "");
  byId("title").textContent = title.replace(/(\d) (?=\w)/g, "$1\u00a0");
  document.title = `grapevine: ${run.nodes} nodes, ${run.workload}, seed ${JSON.stringify(run.seed)}`;
  const figures = [], add = (name, value, note) => figures.push([name, value, note]);
  if (result) {
    add("messages per operation", result.msgs_per_op === null ? "–" : (+result.msgs_per_op).toFixed(3),
      `${grouped(result.ops)} operations`);
    const s = result.stable_latency_ms;
    if (s && s.p50 !== undefined && s.p50 !== null) {
      add("stable latency, median", `${grouped(s.p50)} ms`, `maximum ${grouped(s.p100)} ms`);
    }
  }
  const part = model.keptUntil < Infinity ? ` until ${seconds(model.keptUntil)}` : ""; // the part in this report
  const bytes = result ? result.servers_bytes : model.bytes.reduce((sum, b) => sum + b, 0);
  const between = result ? result.servers_msgs : model.nodeMessages;
  add("between nodes" + (result ? "" : part), byteText(bytes), `${byteText(bytes / Math.max(1, between))} per message`);
  let dropped = 0;
  model.copies.outcome.forEach(o => { dropped += o >= Outcome.CUT; });
  add("dropped" + part, grouped(dropped),
    `${(100 * dropped / Math.max(1, model.copies.at.length)).toFixed(1)}% of ${part ? "these messages" : "all messages"}`);
  if (run.staleness_ms !== null && run.shared) add("staleness bound", `${grouped(run.staleness_ms)} ms`,
    `latency ${run.latency_ms} ms${run.latency_dist === "constant" ? "" : `, ${run.latency_dist}`}`);
  else add("latency", `${grouped(run.latency_ms)} ms`, run.latency_dist);
  add("seed", JSON.stringify(run.seed), run.staleness_ms !== null ? "reproduces this run" : "of faults and load");
  byId("figures").replaceChildren(...figures.map(([name, value, note]) => {
    const box = element("div"), dd = element("dd", value);
    box.append(element("dt", name), dd, element("small", note));
    return box;
  }));
  byId("scenario").hidden = scenario === "";
  byId("scenario").querySelector("pre").textContent = scenario;
}

// ---- The inspector ----
function table(rows) {
  const made = element("table");
  for (const [name, value] of rows) {
    const row = made.insertRow();
    row.insertCell().textContent = name;
    const cell = row.insertCell();
    if (value instanceof Node) cell.append(value); else cell.textContent = value;
  }
  return made;
}
// The names of values, given as pairs of number and count; at most 16.
const listed = (counts, model) => {
  const text = (v, count) => model.operations ? model.operations.shortTextOf(v) : model.textOf(v, count);
  const names = [...counts].slice(0, 16).map(([v, count]) => text(v, count)).join(" ");
  return counts.length > 16 ? `${names} …` : names;
};
// The value of a counter: the sum of its entries' counts.
const sumOf = (counts, model) => grouped([...counts].reduce((sum, [v, count]) =>
  sum + (model.entries[v].sign === "-" ? -count : count), 0));
function nodeRows(model, node, moment) {
  const rows = [["state", model.stateAt(node, moment)]];
  if (model.values.length && !model.blind) {
    const { own, all } = model.contents(node, moment), { counter } = model.run;
    const lacking = [...all].filter(([v, count]) => (own.get(v) || 0) < count);
    if (counter) rows.push(["counter", `${sumOf(own, model)} of ${sumOf(all, model)}`]);
    else rows.push(["has", `${grouped(own.size)} of ${grouped(all.size)} ${model.item[1]}`]);
    if (lacking.length) {
      rows.push(["lacks", counter ? listed(lacking, model)
        : `${grouped(lacking.length)}: ${listed(lacking, model)}`]);
    }
  }
  if (model.operations && model.operations.hasCuts) {
    const { cut, holder, since } = model.operations.cutAt(node, moment);
    rows.push(["stable", `below offset ${cut}`]);
    if (holder >= 0 && holder !== node) rows.push(["", `waits for n${holder} since ${seconds(since)}`]);
  }
  let sent = 0, received = 0;
  const { message, until, at, outcome } = model.copies;
  for (let c = 0; c < at.length && at[c] <= moment; c++) {
    const m = message[c];
    sent += model.from[m] === node;
    received += model.to[m] === node && outcome[c] === Outcome.DELIVERED && until[c] <= moment;
  }
  rows.push(["sent so far", grouped(sent)], ["received so far", grouped(received)]);
  const faults = model.faultsAt(moment).filter(f => f.kind !== "crash" && f.kind !== "pause")
    .flatMap(f => faultsAffecting(model, node, [], f.from, f.to, [f]));
  if (faults.length) rows.push(["active faults", faults.map(({ fault }) => fault.text).join("; ")]);
  return rows;
}
function pretty(text) {
  try {
    const flat = JSON.stringify(parseJson(text), null, 1);
    return flat.replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, inner) => `[${inner.replace(/\s*\n\s*/g, " ")}]`);
  } catch (_) {
    return text;
  }
}
function showSelected(model, copy, node, moment) {
  const box = byId("inspector");
  if (copy < 0 && node < 0) {
    box.replaceChildren(element("h3", "Nothing selected"),
      element("p", "Click a message to see its text and the state of both nodes, or a node's line to " +
        "see that node at that moment. Step → shows the run message by message.", "hint"));
    return;
  }
  if (copy < 0) {
    box.replaceChildren(element("h3", `n${node} at ${seconds(moment)}`), table(nodeRows(model, node, moment)));
    return;
  }
  const { message, at, until, outcome } = model.copies, m = message[copy];
  const from = model.from[m], to = model.to[m], parts = [];
  parts.push(element("h3", `${model.kindText(m)}: ` +
    `${model.nameOf(from)} → ${model.nameOf(to)}`));
  const ending = element("span", outcomeText[outcome[copy]] +
    (outcome[copy] === Outcome.IN_FLIGHT ? "" : ` at ${seconds(until[copy])}`), outcome[copy] >= Outcome.CUT ? "drop" : "");
  const rows = [["sent", seconds(at[copy])], ["outcome", ending]];
  if (outcome[copy] === Outcome.DELIVERED) rows.push(["delay", duration(until[copy] - at[copy])]);
  if (from !== CLIENT) rows.push(["bytes", grouped(model.bytes[m])]);
  const values = new Map(), k = model.learned;
  for (let i = lowerBound(k.at, until[copy] - 1e-7); i < k.at.length && k.at[i] <= until[copy] + 1e-7; i++) {
    if (k.message[i] === m && k.node[i] === to) values.set(k.value[i], k.count[i]);
  }
  if (outcome[copy] === Outcome.DELIVERED && model.values.length && !model.blind && to < SERVICE) {
    rows.push([`new to n${to}`, values.size ? listed([...values], model) : "nothing"]);
  }
  parts.push(table(rows), element("h4", "Text"), element("pre", pretty(model.body(m))));
  if (from < SERVICE) {
    parts.push(element("h4", `n${from} when it was sent`), table(nodeRows(model, from, at[copy])));
  }
  if (to < SERVICE) {
    parts.push(element("h4", `n${to} ${outcome[copy] === Outcome.DELIVERED ? "just after it arrived" : "at that time"}`),
      table(nodeRows(model, to, until[copy])));
  }
  box.replaceChildren(...parts);
}

// ---- Questions ----
function askQuestion(question) {
  byId("question").value = question;
  showAnswer(report.why.ask(question));
}
function showAnswer(answer) {
  const box = byId("answer"), parts = [element("h3", answer.title)];
  for (const part of answer.parts || []) {
    if (typeof part === "string") {
      parts.push(element("p", part));
      continue;
    }
    const list = element(part.loose ? "ul" : "ol");
    for (const item of part.items) {
      const entry = element("li", undefined, item.dropped ? "dropped" : item.fault ? "fault" : "");
      if (item.copy !== undefined && item.copy >= 0) entry.append(jump(item.copy, item.text));
      else entry.textContent = item.text;
      list.append(entry);
    }
    parts.push(element("h4", part.heading), list);
  }
  box.replaceChildren(...parts);
  report.diagram.selected = -1;
  report.diagram.highlight(answer.copies || [], answer.marks || []);
  if (answer.span) report.diagram.show(...answer.span);
}

function filters(diagram) {
  const box = byId("filters"), { model } = diagram;
  const others = model.types.filter(t => t !== "gossip" && t !== "sync");
  const kinds = [["gossip", "gossip"], ["sync", "sync"], ["other", others.slice(0, 3).map(shortName).join(", ") + (others.length > 3 ? ", …" : "")],
    ["client", "requests"], ["onlyDropped", "dropped only"]];
  for (const [kind, name] of kinds) {
    const exists = kind === "client" || kind === "onlyDropped" ||
      (kind === "other" ? others.length > 0 : model.types.includes(kind));
    if (!exists) continue;
    const label = element("label"), check = element("input"), mark = element("i");
    if (kind === "other") label.title = others.join(", ");
    check.type = "checkbox";
    check.name = kind;
    check.checked = diagram.shown[kind];
    check.addEventListener("change", () => {
      diagram.shown[kind] = check.checked;
      diagram.invalidate();
    });
    mark.dataset.colour = kind === "onlyDropped" ? "drop" : kind;
    label.append(check, mark, name);
    box.append(label);
  }
}
function paintFilters() {
  for (const mark of document.querySelectorAll("#filters i")) mark.style.background = palette[mark.dataset.colour];
}

// The text of the events, in which "<" is spelled \u003c, so that nothing in it ends the element.
function eventsText() {
  const text = byId("events").textContent;
  return text.includes("\\u003c") ? text.replace(/\\(?:u003c|.)/g, found => found === "\\u003c" ? "<" : found) : text;
}

const report = (() => {
  const run = parseJson(byId("run").textContent), result = JSON.parse(byId("result").textContent);
  const texts = JSON.parse(byId("said").textContent);
  readColours();
  const model = new Model(run, eventsText(), JSON.parse(byId("kept").textContent));
  const failures = failuresOf(model, result);
  const charts = makeCharts(model, moment => {
    const { diagram } = report, span = Math.min(diagram.to - diagram.from, model.end_at / 12);
    diagram.setWindow(moment - span / 2, moment + span / 2);
    byId("space").scrollIntoView({ block: "nearest", behavior: "smooth" });
  });
  const diagram = new Diagram(model, {
    onwindow: (from, to) => charts.setWindow(from, to),
    onselect: (copy, node, moment) => showSelected(model, copy, node, moment),
  });
  return { run, result, texts, model, failures, charts, diagram, why: explainer(model) };
})();

(() => {
  const { model, failures, charts, diagram, run, result, texts } = report;
  showHead(model, run, result);
  showVerdict(model, result, texts, failures);
  showSelected(model, -1, -1, 0);
  filters(diagram);
  const render = () => {
    readColours();
    charts.legends();
    charts.render();
    diagram.resize();
    paintFilters();
  };
  let width = 0;
  new ResizeObserver(() => {
    // Before the first layout, the page is narrower than its padding.
    if (document.body.clientWidth === width || byId("diagram").parentElement.clientWidth === 0) return;
    const first = width === 0;
    width = document.body.clientWidth;
    render();
    if (!first) return;
    diagram.open();
    // The page opens with the explanation of the first violation.
    const failed = failures.list.find(failure => failure.questions.length > 0);
    if (failed) askQuestion(failed.questions[0]);
  }).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
  const actions = { in: () => diagram.zoom(.5), out: () => diagram.zoom(2), next: () => diagram.step(1),
    previous: () => diagram.step(-1), fit: () => diagram.setWindow(0, model.end_at) };
  for (const button of document.querySelectorAll("[data-do]")) {
    button.addEventListener("click", actions[button.dataset.do]);
  }
  const question = byId("question"), hasValues = model.values.length > 0;
  const answers = hasValues || model.at.length > 0;
  byId("ask").hidden = !answers;
  for (const part of document.querySelectorAll("[data-has-values]")) part.hidden = !hasValues;
  byId("ask-counter").hidden = !hasValues || !run.counter;
  byId("ask-nothing").hidden = hasValues;
  if (!hasValues && run.shared) byId("ask-nothing").textContent = `This report shows no ${model.item[1]} of nodes.`;
  for (const example of document.querySelectorAll("[data-example]")) {
    example.textContent = exampleName(model);
  }
  const shownOnly = { log: run.log, txn: run.txn, cuts: run.log && model.operations.hasCuts };
  for (const part of document.querySelectorAll("[data-only]")) part.hidden = !shownOnly[part.dataset.only] || !hasValues;
  if (run.log) byId("ask-label").textContent = "Why has a node not returned a message? Who has it? What happened at a node?";
  if (run.txn) byId("ask-label").textContent = "Why did a client read an older value? Who has a transaction? What happened at a node?";
  byId("history-section").hidden = !model.operations;
  if (model.operations) {
    makeTable(model, text => {
      askQuestion(text);
      byId("ask-section").scrollIntoView({ block: "start", behavior: "smooth" });
    });
  }
  question.placeholder = hasValues ? report.why.example() : "what happened at n0?";
  byId("ask").addEventListener("submit", e => {
    e.preventDefault();
    askQuestion(question.value.trim() || question.placeholder);
  });
  document.querySelector("[data-ask=worst]").addEventListener("click", () => {
    askQuestion("what took longest?");
  });
})();
