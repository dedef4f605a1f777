// SPDX-License-Identifier: MIT
// The space-time diagram: a horizontal line for each node, a slanted one for each message. If too many
// messages are in view, it shows how many each node sends and receives instead.
const LINES_MAX = 3000;
const droppedAtSender = outcome => outcome === Outcome.LOST || outcome === Outcome.FULL;

class Diagram {
  constructor(model, { onwindow, onselect }) {
    Object.assign(this, { model, onwindow, onselect });
    this.canvas = byId("diagram");
    this.from = 0;
    this.to = model.end_at;
    this.least = 2e-4;           // the smallest window, seconds
    this.selected = -1;          // a copy of a message
    this.node = -1;              // the node whose events step() visits
    this.path = new Set();       // the copies in an answer
    this.marks = [];             // the moments in an answer: {at, node}
    this.shown = { gossip: true, sync: true, other: true, client: model.nodeMessages === 0, onlyDropped: false };
    this.frame = 0;
    this.listen();
  }

  get rowsTop() { return HEAD + 32 + 3 * kindsOf(this.model.faults).length; }
  resize() {
    const rows = this.model.nodes;
    this.height = Math.max(240, Math.min(760, rows * 24 + this.rowsTop + AXIS));
    this.width = this.canvas.parentElement.clientWidth;
    this.draw();
  }
  x(t) { return LEFT + (t - this.from) / (this.to - this.from) * (this.width - LEFT - RIGHT); }
  time(x) { return this.from + (x - LEFT) / (this.width - LEFT - RIGHT) * (this.to - this.from); }
  y(node) {
    if (node >= SERVICE) return this.rowsTop - 2;
    return this.rowsTop + (node + .5) * (this.height - this.rowsTop - AXIS - 4) / this.model.nodes;
  }

  // ---- The window ----
  setWindow(from, to) {
    const end = this.model.end_at, span = Math.max(this.least, Math.min(to - from, end * 1.02));
    const middle = (from + to) / 2;
    from = Math.max(-0.01 * span, Math.min(middle - span / 2, end - 0.99 * span));
    this.from = from;
    this.to = from + span;
    this.invalidate();
  }
  zoom(factor, around = (this.from + this.to) / 2) {
    this.setWindow(around - (around - this.from) * factor, around + (this.to - around) * factor);
  }
  pan(share) {
    const by = share * (this.to - this.from);
    this.setWindow(this.from + by, this.to + by);
  }
  // The first window: at the first fault, or a third into the run, with a limited number of messages.
  open() {
    const { model } = this, { at } = model.copies, faults = model.faults.filter(f => f.from > 0);
    const middle = faults.length ? faults[0].from : model.end_at / 3;
    let span = 0.5 * model.end_at;
    while (lowerBound(at, middle + span / 2) - lowerBound(at, middle - span / 2) > 500) span *= .8;
    this.setWindow(middle - span / 3, middle + span * 2 / 3);
  }
  // Shows an interval with a margin, and keeps the zoom if that suits the interval.
  show(from, to) {
    const length = to - from, fit = 12 * Math.max(length, this.model.typicalDelay);
    const span = Math.max(1.6 * length, Math.min(this.to - this.from, fit));
    this.setWindow((from + to - span) / 2, (from + to + span) / 2);
  }
  invalidate() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
      this.onwindow(this.from, this.to);
    });
  }

  wanted(copy) {
    const { outcome, kind } = this.model.copies;
    if (this.shown.onlyDropped && outcome[copy] < Outcome.CUT) return false;
    return this.shown[kinds[kind[copy]]];
  }
  // Calls visit(copy) for each copy that is in flight at some moment of the window. Copies are in the
  // order of their sending.
  each(visit) {
    const { until, kind, outcome } = this.model.copies, { from, to } = this;
    const wanted = Uint8Array.from(kinds, name => this.shown[name]);
    const least = this.shown.onlyDropped ? Outcome.CUT : 0;
    for (const c of this.model.copiesSent(from - this.model.longestDelay, to)) {
      if (until[c] >= from && outcome[c] >= least && wanted[kind[c]]) visit(c);
    }
  }

  // ---- Drawing ----
  draw() {
    const g = this.g = prepare(this.canvas, this.height);
    this.background(g);
    let count = 0;
    this.each(() => count++);
    this.count = count;
    this.dense = count > LINES_MAX;
    g.save();
    g.beginPath();
    g.rect(LEFT, 0, this.width - LEFT - RIGHT, this.height - AXIS);
    g.clip();
    if (this.dense) this.drawActivity(g); else this.drawLines(g);
    this.drawSelected(g);
    g.restore();
    const what = this.dense ? "as bars: sent above a node's line, received below. Zoom in to see each"
      : "one line each";
    byId("status").textContent =
      `${grouped(count)} messages in ${duration(this.to - this.from)}, ${what}`;
  }

  background(g) {
    const { model } = this, bottom = this.height - AXIS;
    g.fillStyle = palette.card;
    g.fillRect(0, 0, this.width, this.height);
    const plot = { x: t => this.x(t), left: LEFT, right: this.width - RIGHT, top: HEAD + 19, bottom };
    drawBands(g, model.faults, plot);
    axisTitles(g, plot, "node", TIME);
    this.faultLabels(g);
    nodeLabels(g, model, node => this.y(node), LEFT - 8, this.node);
    for (let node = 0; node < model.nodes; node++) {
      const y = Math.round(this.y(node)) + .5, chosen = node === this.node;
      line(g, chosen ? palette.accent : palette.rule, LEFT, y, plot.right, y);
      this.states(g, node, y);
    }
    const step = roundStep(this.to - this.from, (plot.right - LEFT) / 100);
    for (let i = Math.max(0, Math.ceil(this.from / step)); i * step <= this.to; i++) {
      const x = this.x(i * step);
      if (x < LEFT - 1) continue;
      line(g, palette.grid, x, this.rowsTop - 10, x, bottom);
      label(g, seconds(i * step, step), x, bottom + 11, { align: "center" });
    }
    drawOmitted(g, model, { ...plot, top: this.rowsTop - 10 });
    drawMoments(g, model, plot, true);
  }
  // Labels the faults in view for which there is space; the chart of faults names all.
  faultLabels(g) {
    let free = LEFT;
    for (const fault of this.model.faults) {
      if (fault.to < this.from || fault.from > this.to) continue;
      const x = Math.max(LEFT, this.x(fault.from), free);
      const room = Math.min(this.width - RIGHT, Math.max(this.x(fault.to), x + 90)) - x - 14;
      if (room < 40) continue;
      const width = label(g, fault.text, x + 12, HEAD + 9, { room });
      if (width === 0) continue;
      g.fillStyle = palette[fault.kind];
      g.fillRect(x + 2, HEAD + 5, 6, 8);
      free = x + 12 + width + 10;
    }
  }
  // Marks where a node is down or paused.
  states(g, node, y) {
    const changes = this.model.states[node];
    changes.forEach((change, i) => {
      if (change.what === "up") return;
      const from = this.x(change.at), next = changes[i + 1];
      const to = next ? this.x(next.at) : this.x(this.model.end_at);
      const x = Math.max(LEFT, from), width = Math.min(this.width - RIGHT, to) - x;
      if (width <= 0) return;
      g.fillStyle = faded(change.what === "down" ? palette.crash : palette.pause, 0.45);
      g.fillRect(x, y - 4, Math.max(width, 2), 8);
    });
  }

  drawLines(g) {
    const { outcome, kind } = this.model.copies;
    const groups = { gossip: [], sync: [], other: [], client: [], drop: [] };
    this.each(c => groups[outcome[c] >= Outcome.CUT ? "drop" : kinds[kind[c]]].push(c));
    const pixels = this.count / (this.width - LEFT);
    const alpha = this.path.size > 0 ? 0.22 : Math.max(0.35, Math.min(0.9, 1.2 - pixels / 1.8));
    g.lineWidth = this.count < 400 ? 1.3 : 1;
    for (const [name, list] of Object.entries(groups)) {
      g.strokeStyle = faded(palette[name], alpha);
      g.beginPath();
      for (const c of list) this.trace(g, c);
      g.stroke();
    }
    g.lineWidth = 1;
    if (this.count < 900) this.drawEnds(g, groups, alpha);
  }
  // The ends of a message's line: x and y of the sender, then of the receiver.
  ends(c) {
    const { at, until, message, outcome } = this.model.copies;
    const m = message[c], x = this.x(at[c]), y = this.y(this.model.from[m]);
    const high = this.y(this.model.to[m]) - y;
    if (!droppedAtSender(outcome[c])) return [x, y, this.x(until[c]), y + high];
    return [x, y, x + 14, y + Math.sign(high) * Math.min(14, Math.abs(high) / 2)]; // drawn as a stub
  }
  trace(g, c) {
    const [x0, y0, x1, y1] = this.ends(c);
    g.moveTo(x0, y0);
    g.lineTo(x1, y1);
  }
  // A dot where a message is received, a cross where it is dropped.
  drawEnds(g, groups, alpha) {
    const { outcome } = this.model.copies;
    for (const kind of ["gossip", "sync", "other", "client"]) {
      g.fillStyle = faded(palette[kind], alpha);
      for (const c of groups[kind]) {
        if (outcome[c] !== Outcome.DELIVERED) continue;
        const [, , x, y] = this.ends(c);
        g.fillRect(x - 1.8, y - 1.8, 3.6, 3.6);
      }
    }
    g.strokeStyle = palette.drop;
    g.lineWidth = 1.5;
    g.beginPath();
    for (const c of groups.drop) {
      const [, , x, y] = this.ends(c);
      g.moveTo(x - 3, y - 3);
      g.lineTo(x + 3, y + 3);
      g.moveTo(x - 3, y + 3);
      g.lineTo(x + 3, y - 3);
    }
    g.stroke();
    g.lineWidth = 1;
  }

  // Draws bars of two pixels: above a node's line what it sends, below it what it receives; drops are red.
  drawActivity(g) {
    const { model } = this, { at, until, outcome, message, kind } = model.copies, n = model.nodes;
    const bins = Math.ceil((this.width - LEFT - RIGHT) / 2), scale = bins / (this.to - this.from);
    const counts = () => new Uint16Array(bins * n);
    const sent = [counts(), counts(), counts()], received = counts(), dropped = counts();
    this.each(c => {
      const m = message[c], to = model.to[m];
      const first = Math.floor((at[c] - this.from) * scale);
      const last = Math.floor((until[c] - this.from) * scale);
      if (first >= 0 && first < bins && kind[c] < 3) sent[kind[c]][model.from[m] * bins + first]++;
      if (last < 0 || last >= bins) return;
      if (outcome[c] >= Outcome.CUT) dropped[to * bins + last]++; else received[to * bins + last]++;
    });
    this.paintBars(g, bins, sent, [received, dropped]);
  }
  // Draws bars as pixels of an image, since they are too many to fill one by one. The scale is a square
  // root, and fits all but the busiest 3% of the bins.
  paintBars(g, bins, up, down) {
    const n = this.model.nodes, sums = new Uint32Array(bins * n), busy = [];
    for (const layers of [up, down]) {
      for (let i = 0; i < sums.length; i++) {
        sums[i] = layers.reduce((sum, counts) => sum + counts[i], 0);
        if (sums[i] > 0) busy.push(sums[i]);
      }
    }
    const high = Float64Array.from(busy).sort()[Math.floor(busy.length * .97)] || 1;
    const bottom = this.height - AXIS, image = new ImageData(bins, bottom);
    const pixels = new Uint32Array(image.data.buffer);
    const half = Math.max(2, (this.y(1) - this.y(0) || 30) / 2 - 1);
    const reach = count => Math.min(half, Math.ceil(half * Math.sqrt(count / high)));
    const colour = (name, alpha) => { // as little-endian bytes: red, green, blue, alpha
      const rgb = parseInt(palette[name].slice(1), 16);
      return (alpha << 24 | (rgb & 255) << 16 | (rgb & 0xff00) | rgb >> 16) >>> 0;
    };
    const bars = (layers, colours, direction) => {
      for (let node = 0; node < n; node++) {
        const line = Math.round(this.y(node));
        for (let bin = 0; bin < bins; bin++) {
          let total = 0, done = 0;
          for (let layer = 0; layer < layers.length; layer++) {
            const count = layers[layer][node * bins + bin];
            if (count === 0) continue;
            const end = Math.max(done + 1, reach(total += count));
            for (; done < end; done++) {
              const row = direction > 0 ? line + 1 + done : line - done;
              if (row >= 0 && row < bottom) pixels[row * bins + bin] = colours[layer];
            }
          }
        }
      }
    };
    bars(up, [colour("gossip", 255), colour("sync", 255), colour("other", 255)], -1);
    bars(down, [colour("client", 150), colour("drop", 255)], 1);
    this.bars = this.bars || element("canvas");
    this.bars.width = bins;
    this.bars.height = bottom;
    this.bars.getContext("2d").putImageData(image, 0, 0);
    g.imageSmoothingEnabled = false;
    g.drawImage(this.bars, LEFT, 0, 2 * bins, bottom);
  }

  drawSelected(g) {
    const { at, until } = this.model.copies;
    for (const c of [...this.path, this.selected]) {
      if (c < 0 || until[c] < this.from || at[c] > this.to) continue;
      const chosen = c === this.selected, width = chosen ? 3.4 : 2.4;
      const colour = this.model.copies.outcome[c] >= Outcome.CUT ? palette.drop : chosen ? palette.ink : palette.accent;
      g.lineCap = "round";
      for (const [style, wide] of [[palette.card, width + 4], [colour, width]]) {
        g.strokeStyle = style;
        g.lineWidth = wide;
        g.beginPath();
        this.trace(g, c);
        g.stroke();
      }
      g.lineWidth = 1;
      g.lineCap = "butt";
      g.fillStyle = colour;
      const [x0, y0, x1, y1] = this.ends(c);
      dot(g, x0, y0, 3.5);
      if (!droppedAtSender(this.model.copies.outcome[c])) dot(g, x1, y1, 4.5);
    }
    for (const { at: moment, node } of this.marks) {
      g.strokeStyle = palette.accent;
      g.lineWidth = 2;
      g.beginPath();
      g.arc(this.x(moment), this.y(node), 8, 0, 7);
      g.stroke();
      g.lineWidth = 1;
    }
  }

  // ---- Selecting ----
  select(copy, reveal = false) {
    this.selected = copy;
    if (copy >= 0 && reveal) {
      const { at, until } = this.model.copies;
      const seen = at[copy] >= this.from && until[copy] <= this.to;
      if (!seen || this.dense) this.show(at[copy], until[copy]);
    }
    this.invalidate();
    this.onselect(copy, -1, 0);
  }
  highlight(copies, marks) {
    this.path = new Set(copies);
    this.marks = marks;
    this.invalidate();
  }

  // The copy whose line is nearest to a point, within `reach` pixels; −1: none.
  near(x, y, reach = 7) {
    let best = -1, least = reach;
    if (this.dense) return -1;
    this.each(c => {
      const [x0, y0, x1, y1] = this.ends(c), dx = x1 - x0, dy = y1 - y0;
      const length = dx * dx + dy * dy;
      const share = length ? Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / length)) : 0;
      const away = Math.hypot(x - x0 - share * dx, y - y0 - share * dy);
      if (away < least) [best, least] = [c, away];
    });
    return best;
  }
  nodeNear(y) {
    for (let node = 0; node < this.model.nodes; node++) {
      const gap = this.y(1) - this.y(0) || 40;
      if (Math.abs(this.y(node) - y) <= gap / 2) return node;
    }
    return -1;
  }
  pick(x, y) {
    const copy = this.near(x, y);
    if (copy >= 0) return this.select(copy);
    const node = this.nodeNear(y);
    this.selected = -1;
    this.node = node === this.node && x < LEFT ? -1 : node;
    this.invalidate();
    if (node >= 0) this.onselect(-1, node, Math.max(0, this.time(x)));
  }

  // Selects the next event after the selected one (direction 1) or before it (−1); if a node is chosen, only
  // its events. A sent message is an event; at the chosen node a received message is one, too.
  step(direction) {
    const { at, until, message, outcome } = this.model.copies, { from, to } = this.model;
    const middle = (this.from + this.to) / 2;
    const concerns = c => this.wanted(c) && (this.node < 0 || from[message[c]] === this.node ||
      (to[message[c]] === this.node && !droppedAtSender(outcome[c])));
    const when = c => this.node >= 0 && from[message[c]] !== this.node ? until[c] : at[c];
    const here = this.selected >= 0 ? when(this.selected) : middle;
    let best = -1;
    const after = (a, b) => when(a) - when(b) || a - b; // a total order of events
    const beyond = c => this.selected >= 0 ? direction * after(c, this.selected) > 0
      : direction * (when(c) - here) >= 0;
    // A message that arrives may have been sent up to longestDelay before.
    const start = lowerBound(at, here - (this.node >= 0 ? this.model.longestDelay : 0));
    for (let c = direction > 0 ? start : lowerBound(at, here + 1e-9) - 1; c >= 0 && c < at.length; c += direction) {
      // No later copy can be nearer.
      if (best >= 0 && (direction > 0 ? at[c] > when(best) : at[c] < when(best) - this.model.longestDelay)) break;
      if (concerns(c) && beyond(c) && (best < 0 || direction * after(c, best) < 0)) best = c;
      if (direction < 0 && this.node < 0 && best >= 0) break;
    }
    if (best >= 0) this.select(best, true);
  }

  // A finger that moves up or down scrolls the page, by touch-action in the style sheet; two zoom.
  listen() {
    const canvas = this.canvas, fingers = new Map();
    let drag = null, pinch = null;
    const spread = () => {
      const [a, b] = [...fingers.values()];
      return { width: Math.max(20, Math.abs(a - b)), middle: this.time(Math.max(LEFT, (a + b) / 2)) };
    };
    canvas.addEventListener("wheel", e => {
      e.preventDefault();
      const unit = e.deltaMode === 1 ? 16 : 1;
      if (Math.abs(e.deltaX) > Math.abs(e.deltaY) || e.shiftKey) {
        this.pan((e.deltaX || e.deltaY) * unit / this.width);
      } else {
        this.zoom(Math.exp(e.deltaY * unit * 0.0022), this.time(Math.max(LEFT, e.offsetX)));
      }
    }, { passive: false });
    canvas.addEventListener("pointerdown", e => {
      canvas.setPointerCapture(e.pointerId);
      fingers.set(e.pointerId, e.offsetX);
      pinch = fingers.size === 2 ? { ...spread(), from: this.from, to: this.to } : null;
      drag = fingers.size > 1 ? null : { x: e.offsetX, y: e.offsetY, from: this.from, to: this.to, moved: false };
    });
    canvas.addEventListener("pointermove", e => {
      if (fingers.has(e.pointerId)) fingers.set(e.pointerId, e.offsetX);
      if (pinch) {
        const factor = pinch.width / spread().width, { middle } = pinch;
        return this.setWindow(middle - (middle - pinch.from) * factor, middle + (pinch.to - middle) * factor);
      }
      if (!drag) return this.hover(e);
      if (Math.abs(e.offsetX - drag.x) > 3) drag.moved = true;
      if (!drag.moved) return;
      canvas.classList.add("dragging");
      const by = (drag.x - e.offsetX) / (this.width - LEFT - RIGHT) * (drag.to - drag.from);
      this.setWindow(drag.from + by, drag.to + by);
    });
    const release = e => {
      canvas.classList.remove("dragging");
      fingers.delete(e.pointerId);
      pinch = null;
      if (drag && !drag.moved && e.type === "pointerup") this.pick(e.offsetX, e.offsetY);
      drag = null;
    };
    canvas.addEventListener("pointerup", release);
    canvas.addEventListener("pointercancel", release);
    canvas.addEventListener("pointerleave", () => tip(""));
    canvas.addEventListener("keydown", e => this.key(e));
  }
  key(e) {
    const keys = { "+": () => this.zoom(.6), "=": () => this.zoom(.6), "-": () => this.zoom(1 / .6),
      "0": () => this.setWindow(0, this.model.end_at), "Home": () => this.pan(-1e6), "End": () => this.pan(1e6),
      "PageUp": () => this.pan(-.9), "PageDown": () => this.pan(.9),
      "ArrowLeft": () => e.shiftKey ? this.pan(-.2) : this.step(-1),
      "ArrowRight": () => e.shiftKey ? this.pan(.2) : this.step(1),
      "ArrowUp": () => this.chooseNode(-1), "ArrowDown": () => this.chooseNode(1),
      "Escape": () => this.clear() };
    if (!keys[e.key] || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    keys[e.key]();
  }
  chooseNode(by) {
    const n = this.model.nodes;
    this.node = this.node < 0 ? (by > 0 ? 0 : n - 1) : (this.node + by + n) % n;
    this.invalidate();
    const { at, until } = this.model.copies, c = this.selected;
    const moment = c >= 0 ? until[c] : (this.from + this.to) / 2;
    this.onselect(-1, this.node, Math.max(0, Math.min(this.model.end_at, moment)));
  }
  clear() {
    this.selected = this.node = -1;
    this.highlight([], []);
    this.onselect(-1, -1, 0);
  }
  hover(e) {
    const copy = this.near(e.offsetX, e.offsetY);
    if (copy < 0) return tip(e.offsetX > LEFT ? seconds(Math.max(0, this.time(e.offsetX)),
      (this.to - this.from) / 1000) : "", e);
    tip(describeCopy(this.model, copy), e);
  }
}

function describeCopy(model, copy) {
  const { message, at, until, outcome } = model.copies, m = message[copy];
  const kind = model.kindText(m);
  const after = outcome[copy] === Outcome.DELIVERED ? ` after ${duration(until[copy] - at[copy])}` : "";
  return `${kind}, ${model.nameOf(model.from[m])} → ${model.nameOf(model.to[m])}\n` +
    `sent ${seconds(at[copy])}, ${outcomeText[outcome[copy]]}${after}`;
}
