// SPDX-License-Identifier: MIT
// The charts of the whole run, which share their time axis.
// Margins of a plot, CSS pixels: for labels beside it, labels and a title below it, a title above it.
const LEFT = 80, RIGHT = 14, AXIS = 38, HEAD = 20;
const TIME = "time since the start of the run";
const faultKinds = ["cut", "lose", "delay", "duplicate", "forge", "limit", "crash", "pause", "slow", "clock", "drift"];
const faultNames = { cut: "partition", lose: "loss", delay: "delay", duplicate: "duplication",
  forge: "forgery", crash: "crash", pause: "pause", limit: "slow link", slow: "slow node",
  clock: "clock step", drift: "clock drift" };

let palette = {}; // colours of the style sheet, for the canvases
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["page", "card", "ink", "soft", "rule", "grid", "accent", "bad", "gossip",
    "sync", "other", "client", "drop", "down", "heat0", "heat1", "heat2", "heat3", ...faultKinds]) {
    palette[name] = style.getPropertyValue("--" + name).trim();
  }
}
const faded = (colour, alpha) => colour + Math.round(alpha * 255).toString(16).padStart(2, "0");
function typeColour(name) {
  return name === "gossip" ? palette.gossip : name === "sync" ? palette.sync : palette.other;
}

function seconds(t, step = 0.001) {
  const digits = Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9)));
  return t.toFixed(digits) + " s";
}
const duration = s => s < 0.9995 ? (1000 * s).toFixed(s < 0.01 ? 1 : 0) + " ms" : s.toFixed(2) + " s";
// Returns the function that writes a time on an axis that ends at `most`; both in seconds.
const axisTime = most => most < 1 ? (s, step) => (1000 * s).toFixed(step < 9e-4 ? 1 : 0) + " ms" : seconds;
const grouped = n => Math.round(n).toLocaleString("en");
function byteText(n) {
  for (const unit of ["B", "kB", "MB"]) {
    if (n < 1000) return (n < 10 && unit !== "B" && n % 1 !== 0 ? n.toFixed(1) : Math.round(n)) + " " + unit;
    n /= 1000;
  }
  return n.toFixed(1) + " GB";
}
// A round step, of which about `count` fit into a span.
function roundStep(span, count) {
  const rough = Math.max(span, 1e-9) / Math.max(1, count), ten = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].find(m => m * ten >= rough * 0.999) * ten;
}

// Gives a canvas the resolution of the screen, and clears it. Returns its context, in CSS pixels.
function prepare(canvas, height) {
  const ratio = window.devicePixelRatio || 1, width = canvas.parentElement.clientWidth;
  const wide = Math.round(width * ratio), high = Math.round(height * ratio);
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.height = height + "px";
  }
  const g = canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  g.font = FONT;
  canvas.labels = []; // their boxes, for label()
  return g;
}

function legend(id, items) {
  byId(id).replaceChildren(...items.map(([colour, text]) => {
    const item = element("span"), mark = element("i");
    mark.style.background = colour;
    item.append(mark, shortName(text));
    if (shortName(text) !== text) item.title = text;
    return item;
  }));
}

function line(g, colour, x0, y0, x1, y1) {
  g.strokeStyle = colour;
  g.beginPath();
  g.moveTo(x0, y0);
  g.lineTo(x1, y1);
  g.stroke();
}

function dot(g, x, y, r) {
  g.beginPath();
  g.arc(x, y, r, 0, 7);
  g.fill();
}
// Writes the titles of both axes: above the vertical axis, and below the labels of the horizontal axis.
function axisTitles(g, plot, vertical, horizontal) {
  label(g, vertical, 2, HEAD - 11, { room: plot.right - 2 });
  label(g, horizontal, (plot.left + plot.right) / 2, plot.bottom + AXIS - 9, { align: "center" });
}

// Marks the times of violations, and the time after which messages are omitted.
function drawMoments(g, model, { x, left, right, top, bottom }, named) {
  const mark = (t, colour, text) => {
    const at = Math.round(x(t)) + .5;
    if (!(at >= left && at <= right + 1)) return;
    g.lineWidth = 1.5;
    g.setLineDash([5, 3]);
    line(g, colour, at, top, at, bottom);
    g.setLineDash([]);
    g.lineWidth = 1;
    if (named) label(g, text, at, HEAD - 11, { align: "center", colour, bold: true });
  };
  for (const t of new Set(model.violations.map(v => v.at))) mark(t, palette.bad, "violation");
  if (model.keptUntil < Infinity) mark(model.keptUntil, palette.soft, "messages omitted from here");
}

const kindsOf = faults => faultKinds.filter(kind => faults.some(f => f.kind === kind));

// Faults as bands: a tint for partitions, crashes and pauses, and above it a thin line for each kind, so
// that overlapping faults can be distinguished.
function drawBands(g, faults, { x, left, right, top, bottom }) {
  const kinds = kindsOf(faults), tint = new Path2D();
  for (const fault of faults) {
    const from = Math.max(left, x(fault.from)), to = Math.min(right, Math.max(x(fault.to), x(fault.from) + 1.5));
    if (to <= from) continue;
    g.fillStyle = palette[fault.kind];
    g.fillRect(from, top + 3 * kinds.indexOf(fault.kind), to - from, 2);
    if (["cut", "crash", "pause"].includes(fault.kind)) tint.rect(from, top, to - from, bottom - top);
  }
  g.fillStyle = faded(palette.cut, 0.13);
  g.fill(tint); // as one path, so that overlaps are not darker
}

// Shades the time in which the report omits messages, so that it does not look idle.
function drawOmitted(g, model, { x, left, right, top, bottom }) {
  const from = Math.max(left, x(model.keptUntil));
  if (!(from < right)) return;
  g.fillStyle = faded(palette.soft, 0.14);
  g.fillRect(from, top, right - from, bottom - top);
  label(g, "messages omitted", (from + right) / 2, (top + bottom) / 2,
    { align: "center", colour: palette.ink, room: right - from - 8, backdrop: true });
}

// Writes the names of the nodes beside a diagram: first the chosen node and those of a violation, then the
// others that fit.
function nodeLabels(g, model, y, x, chosen = -1) {
  const name = (node, colour, bold) =>
    label(g, "n" + node, x, y(node), { align: "right", colour, bold, gap: 0 });
  if (chosen >= 0) name(chosen, palette.accent, true);
  for (const node of model.implicated) if (node !== chosen) name(node, palette.bad, true);
  for (let node = 0; node < model.nodes; node++) {
    if (node !== chosen && !model.implicated.has(node)) name(node, palette.soft, false);
  }
}

// Lanes of faults, [{kind, faults}]: each has faults of one kind that do not overlap in time.
function lanesOf(faults) {
  const lanes = [];
  for (const kind of kindsOf(faults)) {
    const own = [];
    for (const fault of faults.filter(f => f.kind === kind).sort((a, b) => a.from - b.from)) {
      const free = own.find(lane => lane.faults.at(-1).to <= fault.from);
      if (free) free.faults.push(fault); else own.push({ kind, faults: [fault] });
    }
    lanes.push(...own);
  }
  return lanes;
}

// The charts of a page: {lanes, legends(), render(), setWindow(from, to)}. onpick(t): a time was chosen.
function makeCharts(model, onpick) {
  const kindsHere = kindsOf(model.faults), lanes = lanesOf(model.faults), list = [];
  const laneHeight = Math.max(6, Math.min(20, 800 / lanes.length));
  const hasValues = model.values.length > 0 && !model.blind, curve = byId("curve");
  let shown = [0, model.end_at], pointer = null;
  // Messages and bytes by type and bin; the last type counts dropped messages.
  const bins = 240, binTime = model.end_at / bins;
  const series = () => Array.from({ length: model.types.length + 1 }, () => new Float64Array(bins));
  const perType = series(), bytesPerType = series();
  // delays: {at, delay, item} of each value that reached all nodes; never: times of creation of the others.
  // times, halfTimes: the times until values reached all and half of the nodes, in ascending order.
  // stableDelays: {at, delay} until log messages were stable at all nodes.
  const delays = [], never = [], stableDelays = [], hasCuts = model.operations !== null && model.operations.hasCuts;
  let times = [], halfTimes = [];

  // draw(g, plot) draws the data; describe(t, y, plot) returns the tip's text. plot: {left, right, top,
  // bottom, x(t)}. dataHeight: height of the plot, pixels. title: text of the vertical axis.
  function addChart(id, dataHeight, title, draw, describe) {
    const bands = id !== "faults" && id !== "heat", isFirst = list.length === 0;
    const top = HEAD + (bands ? 3 * kindsHere.length : 0), height = top + dataHeight + AXIS;
    const canvas = byId(id), snapshot = element("canvas"); // all but what follows the pointer
    let plot = null;
    const timeAt = x => {
      const t = (x - LEFT) / (plot.right - LEFT) * model.end_at;
      return Math.max(0, Math.min(model.end_at, t));
    };
    function render() {
      const width = canvas.parentElement.clientWidth, g = prepare(canvas, height);
      plot = { left: LEFT, right: width - RIGHT, top, bottom: height - AXIS,
        x: t => LEFT + t / model.end_at * (width - LEFT - RIGHT) };
      const frame = { ...plot, top: HEAD - 3 };
      if (bands) drawBands(g, model.faults, frame);
      axisTitles(g, plot, title, TIME);
      const moments = () => drawMoments(g, model, frame, isFirst);
      if (id === "faults") moments(); // below the labels
      draw(g, plot);
      timeAxis(g, plot);
      if (id !== "faults") moments();
      snapshot.width = canvas.width;
      snapshot.height = canvas.height;
      snapshot.getContext("2d").drawImage(canvas, 0, 0);
      overlay();
    }
    function overlay() {
      const g = prepare(canvas, height), [from, to] = shown;
      g.drawImage(snapshot, 0, 0, plot.right + RIGHT, height);
      if (to - from < 0.995 * model.end_at) {
        const x = plot.x(from), width = Math.max(2, plot.x(to) - x);
        g.fillStyle = faded(palette.accent, 0.09);
        g.strokeStyle = faded(palette.accent, 0.8);
        g.fillRect(x, HEAD - 3, width, plot.bottom - HEAD + 3);
        g.strokeRect(x, HEAD - 3, width, plot.bottom - HEAD + 3);
      }
      if (pointer === null) return;
      line(g, faded(palette.ink, 0.55), plot.x(pointer), HEAD - 3, plot.x(pointer), plot.bottom);
    }
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label",
      canvas.closest("figure").querySelector("figcaption").firstChild.textContent.trim());
    canvas.addEventListener("pointermove", e => {
      const t = timeAt(e.offsetX);
      hover(t, describe(t, e.offsetY, plot), e);
    });
    canvas.addEventListener("pointerleave", () => hover(null));
    canvas.addEventListener("click", e => onpick(timeAt(e.offsetX)));
    list.push({ render, overlay });
  }

  function countMessages() {
    const binOf = t => Math.min(bins - 1, Math.floor(t / binTime));
    for (let m = 0; m < model.at.length; m++) {
      if (model.from[m] === CLIENT) continue;
      perType[model.type[m]][binOf(model.at[m])]++;
      bytesPerType[model.type[m]][binOf(model.at[m])] += model.bytes[m];
    }
    const { message, until, outcome } = model.copies;
    for (let c = 0; c < message.length; c++) {
      if (outcome[c] < Outcome.CUT || model.from[message[c]] === CLIENT) continue;
      perType.at(-1)[binOf(until[c])]++;
      bytesPerType.at(-1)[binOf(until[c])] += model.bytes[message[c]];
    }
  }

  function legends() {
    legend("faults-legend", kindsHere.map(kind => [palette[kind], faultNames[kind]]));
    const types = [...model.types.map(name => [typeColour(name), name]),
      [palette.drop, "dropped (below zero)"]];
    legend("messages-legend", types);
    legend("bytes-legend", types);
    const ramp = element("i");
    ramp.className = "ramp";
    ramp.style.background =
      `linear-gradient(90deg, ${palette.heat0}, ${palette.heat1} 11%, ${palette.heat2} 44%, ${palette.heat3})`;
    const unit = model.run.counter ? "increments" : model.item[1];
    const whole = element("span"), down = element("span");
    const mark = element("i");
    mark.style.background = palette.down;
    down.append(mark, "down");
    whole.append("0", ramp, `${grouped(model.mostLacking || 0)} ${unit}`);
    const note = model.inferred ? [" · inferred from messages and reads"] : [];
    byId("heat-legend").replaceChildren(whole, down, ...note);
    const stable = hasCuts ? [[palette.sync, "stable at all nodes"]] : [];
    legend("latency-legend", [[palette.gossip, model.item[0]], ...stable, [palette.drop, "never at all nodes"]]);
    legend("curve-legend", [[palette.gossip, "at all nodes"], [palette.sync, "at half of the nodes"]]);
  }

  function render() {
    for (const chart of list) chart.render();
    if (hasValues) drawCurve();
  }
  function setWindow(from, to) {
    shown = [from, to];
    for (const chart of list) chart.overlay();
  }
  function hover(moment, words, event) {
    pointer = moment;
    for (const chart of list) chart.overlay();
    tip(words ? seconds(moment, 0.01) + "\n" + words : "", event);
  }

  function timeAxis(g, plot) {
    const end = model.end_at, step = roundStep(end, (plot.right - plot.left) / 70);
    line(g, palette.rule, plot.left, plot.bottom + .5, plot.right, plot.bottom + .5);
    for (let i = 0; i * step <= end * 1.0001; i++) {
      label(g, seconds(i * step, step), plot.x(i * step), plot.bottom + 11, { align: "center" });
    }
  }
  // Horizontal lines with their values, from −least to most. Returns the scale.
  function valueAxis(g, plot, most, text, least = 0) {
    const step = roundStep(Math.max(most + least, 1e-9), 4), top = Math.max(step, most * 1.04);
    const under = least * 1.04, y = value => plot.bottom - (value + under) / (top + under) *
      (plot.bottom - plot.top);
    for (let i = -Math.floor(under / step); i * step <= top * 1.0001; i++) {
      const at = Math.round(y(i * step)) + .5;
      line(g, palette.grid, plot.left, at, plot.right, at);
      label(g, text(Math.abs(i * step), step), plot.left - 8, Math.min(at, plot.bottom - 5), { align: "right", room: plot.left - 10 });
    }
    return y;
  }

  function drawFaults(g, plot) {
    const high = laneHeight;
    lanes.forEach(({ kind, faults }, lane) => {
      const y = plot.top + high * lane, before = lanes[lane - 1];
      if (!before || before.kind !== kind) {
        label(g, faultNames[kind], plot.left - 8, y + high / 2, { align: "right", room: plot.left - 10 });
      }
      for (const [i, fault] of faults.entries()) {
        const x = plot.x(fault.from), width = Math.max(2, plot.x(fault.to) - x);
        g.fillStyle = faded(palette[kind], 0.32);
        g.fillRect(x, y + 1, width, high - 3);
        g.fillStyle = palette[kind];
        g.fillRect(x, y + 1, 2, high - 3);
        const next = i + 1 < faults.length ? plot.x(faults[i + 1].from) : plot.right;
        const lines = [...model.violations.map(v => v.at), model.keptUntil].map(plot.x).filter(at => at > x + 70);
        const room = Math.min(next, ...lines) - x - 10;
        label(g, fault.text, x + 6, y + high / 2 - .5, { colour: palette.ink, room, gap: 2 });
      }
    });
  }

  // The scale is a square root, since small numbers matter most.
  function heatColours() {
    const canvas = element("canvas");
    canvas.width = 256;
    canvas.height = 1;
    const g = canvas.getContext("2d"), ramp = g.createLinearGradient(0, 0, 256, 0);
    for (const i of [0, 1, 2, 3]) ramp.addColorStop(i / 3, palette["heat" + i]);
    g.fillStyle = ramp;
    g.fillRect(0, 0, 256, 1);
    return g.getImageData(0, 0, 256, 1).data; // red, green, blue, alpha of each level
  }
  function drawHeat(g, plot) {
    const { bins, nodes, lacks } = model, colours = heatColours();
    const image = new ImageData(bins, nodes), most = Math.sqrt(Math.max(1, model.mostLacking));
    const down = parseInt(palette.down.slice(1), 16);
    for (let node = 0; node < nodes; node++) {
      for (let bin = 0; bin < bins; bin++) {
        const lack = lacks[bin * nodes + node];
        const level = lack === 0 ? 0 : Math.max(24, Math.round(255 * Math.sqrt(lack) / most));
        const isDown = model.states[node].length > 0 &&
          model.stateAt(node, (bin + 1) * model.end_at / bins) === "down";
        const at = 4 * Math.min(255, level);
        image.data.set(isDown ? [down >> 16, down >> 8 & 255, down & 255, 255] : colours.subarray(at, at + 4),
          4 * (node * bins + bin));
      }
    }
    const small = element("canvas");
    small.width = bins;
    small.height = nodes;
    small.getContext("2d").putImageData(image, 0, 0);
    g.imageSmoothingEnabled = false;
    g.drawImage(small, plot.left, plot.top, plot.right - plot.left, plot.bottom - plot.top);
    const row = (plot.bottom - plot.top) / nodes;
    nodeLabels(g, model, node => plot.top + (node + .5) * row, plot.left - 8);
    for (let node = 1; row >= 6 && node < nodes; node++) {
      line(g, palette.card, plot.left, plot.top + node * row, plot.right, plot.top + node * row);
    }
    for (const fault of model.faults) { // as lines: the map uses colour for something else
      const colour = faded(palette[fault.kind], model.faults.length > 60 ? 0.25 : 0.75);
      g.setLineDash([3, 3]);
      for (const t of [fault.from, fault.to]) {
        if (t > 0 && t < model.end_at) line(g, colour, plot.x(t), plot.top, plot.x(t), plot.bottom);
      }
      g.setLineDash([]);
    }
  }
  function describeHeat(t, y, plot) {
    const row = (plot.bottom - plot.top) / model.nodes;
    const node = Math.floor((y - plot.top) / row);
    if (node < 0 || node >= model.nodes) return "";
    const bin = Math.max(0, Math.min(model.bins - 1, Math.round(t / model.end_at * model.bins) - 1));
    const state = model.stateAt(node, t);
    return `n${node} lacks ${grouped(model.lacks[bin * model.nodes + node])}` +
      (state === "up" ? "" : `; it is ${state}`);
  }

  function drawRate(g, plot, series, text) {
    const types = series.length - 1, totals = new Float64Array(bins);
    for (let type = 0; type < types; type++) {
      for (let bin = 0; bin < bins; bin++) totals[bin] += series[type][bin];
    }
    const most = totals.reduce((a, b) => Math.max(a, b), 0) / binTime;
    const least = series[types].reduce((a, b) => Math.max(a, b), 0) / binTime;
    const y = valueAxis(g, plot, most, text, least);
    const base = new Float64Array(bins);
    const edge = bin => Math.round(plot.left + bin * (plot.right - plot.left) / bins);
    drawOmitted(g, model, plot);
    const bar = (bin, from, to) => g.fillRect(edge(bin), Math.min(from, to), edge(bin + 1) - edge(bin),
      Math.abs(to - from));
    for (let type = 0; type < types; type++) {
      g.fillStyle = typeColour(model.types[type]);
      for (let bin = 0; bin < bins; bin++) {
        const from = y(base[bin] / binTime);
        base[bin] += series[type][bin];
        bar(bin, from, y(base[bin] / binTime));
      }
    }
    g.fillStyle = palette.drop;
    for (let bin = 0; bin < bins; bin++) bar(bin, y(0), y(-series[types][bin] / binTime));
    line(g, palette.soft, plot.left, Math.round(y(0)) + .5, plot.right, Math.round(y(0)) + .5);
  }
  function describeRate(t, series, text) {
    if (t > model.keptUntil) return "messages are omitted here";
    const bin = Math.min(bins - 1, Math.floor(t / binTime));
    return [...model.types, "dropped"].map((name, i) =>
      `${shortName(name)}: ${text(series[i][bin] / binTime)} per second`).join("\n");
  }

  function latencies() {
    const { createdAt, halfAt, everywhereAt } = model;
    for (let item = 0; item < createdAt.length; item++) {
      if (createdAt[item] < 0) continue;
      if (everywhereAt[item] < 0) never.push(createdAt[item]);
      else delays.push({ at: createdAt[item], delay: everywhereAt[item] - createdAt[item], item });
      if (halfAt[item] >= 0) halfTimes.push(halfAt[item] - createdAt[item]);
    }
    for (const { at, item } of hasCuts ? delays : []) {
      const { offset } = model.operations.elements[model.items.value[item]], stable = model.operations.stableEverywhere(offset).at;
      if (stable >= at) stableDelays.push({ at, delay: stable - at });
    }
    times = Float64Array.from(delays, d => d.delay).sort();
    halfTimes = Float64Array.from(halfTimes).sort();
  }
  function drawLatency(g, plot) {
    const most = [...stableDelays, { delay: times.length ? times.at(-1) : 1 }].reduce((a, { delay }) => Math.max(a, delay), 0);
    const y = valueAxis(g, plot, most, axisTime(most));
    const r = delays.length > 5000 ? 1.2 : 2;
    for (const [list, colour] of [[stableDelays, palette.sync], [delays, palette.gossip]]) {
      g.fillStyle = faded(colour, delays.length > 5000 ? 0.35 : 0.7);
      for (const { at, delay } of list) dot(g, plot.x(at), y(delay), r);
    }
    g.fillStyle = palette.drop;
    for (const at of never) g.fillRect(plot.x(at) - 1, plot.top, 2, 7);
  }
  function describeLatency(t) {
    const near = delays.filter(d => Math.abs(d.at - t) < model.end_at / 200);
    const what = model.item[near.length === 1 ? 0 : 1], were = model.operations ? "sent" : "added";
    if (near.length === 0) return `no ${what} were ${were} then`;
    const worst = near.reduce((a, b) => b.delay > a.delay ? b : a);
    return `${near.length} ${what}; the slowest, ${model.itemText(worst.item)}, reached all nodes after ${duration(worst.delay)}`;
  }
  function drawCurve() {
    const height = HEAD + 130 + AXIS, g = prepare(curve, height), width = curve.parentElement.clientWidth;
    const plot = { left: LEFT, right: width - RIGHT, top: HEAD, bottom: height - AXIS };
    const total = delays.length + never.length;
    const most = times.length && times.at(-1) > 0 ? times.at(-1) : 1; // not 0, as in a run of one node
    const since = model.run.counter ? "made" : model.operations ? "sent" : "added";
    axisTitles(g, plot, `share of all ${model.item[1]}`, `time since ${model.run.counter ? "an" : "a"} ${model.item[0]} was ${since}`);
    const y = valueAxis(g, plot, 100, v => v + "%");
    const step = roundStep(most, (plot.right - plot.left) / 70), x = s => plot.left + s / most *
      (plot.right - plot.left);
    for (let s = 0; s <= most * 1.0001; s += step) {
      label(g, axisTime(most)(s, step), x(s), plot.bottom + 11, { align: "center" });
    }
    g.lineWidth = 2;
    for (const [sorted, colour] of [[halfTimes, palette.sync], [times, palette.gossip]]) {
      g.strokeStyle = colour;
      g.beginPath();
      g.moveTo(x(0), y(0));
      sorted.forEach((s, i) => {
        if (s > most) return;
        g.lineTo(x(s), y(100 * i / total));
        g.lineTo(x(s), y(100 * (i + 1) / total));
      });
      g.lineTo(x(most), y(100 * sorted.length / total));
      g.stroke();
    }
    g.lineWidth = 1;
    for (const share of [95, 50]) {
      const s = times[Math.floor(times.length * share / 100)];
      if (s === undefined) continue;
      const at = [x(s), y(share * times.length / total)];
      g.fillStyle = palette.gossip;
      dot(g, ...at, 4);
      const left = at[0] > plot.right - 90;
      label(g, `${share}%: ${duration(s)}`, at[0] + (left ? -8 : 8), at[1] + 14,
        { align: left ? "right" : "left", colour: palette.ink, backdrop: true });
    }
  }

  countMessages();
  if (lanes.length > 0) {
    addChart("faults", laneHeight * lanes.length, "kind of fault", drawFaults,
      t => model.faultsAt(t).map(f => f.text).join("\n") || "no fault");
  }
  byId("faults-figure").hidden = lanes.length === 0;
  for (const id of ["heat", "latency", "curve"]) byId(id + "-figure").hidden = !hasValues;
  if (hasValues) addChart("heat", Math.max(120, Math.min(360, 14 * model.nodes)), "node", drawHeat, describeHeat);
  addChart("messages", 120, "messages per second", (g, p) => drawRate(g, p, perType, grouped),
    t => describeRate(t, perType, grouped));
  addChart("bytes", 100, "bytes per second", (g, p) => drawRate(g, p, bytesPerType, byteText),
    t => describeRate(t, bytesPerType, byteText));
  if (hasValues) {
    latencies();
    addChart("latency", 100, "time to all nodes", drawLatency, describeLatency);
  }
  legends();
  return { lanes, legends, render, setWindow };
}

function tip(words, event) {
  const box = byId("tip");
  box.hidden = !words;
  if (!words) return;
  box.textContent = words;
  const { innerWidth, innerHeight } = window, { offsetWidth, offsetHeight } = box;
  box.style.left = Math.min(event.clientX + 14, innerWidth - offsetWidth - 8) + "px";
  box.style.top = Math.min(event.clientY + 16, innerHeight - offsetHeight - 8) + "px";
}
