// SPDX-License-Identifier: MIT
// Elements of the page, and labels on its canvases.
const byId = id => document.getElementById(id);
function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// Labels on a canvas. A label that would overlap an earlier one is not drawn, so the most important ones
// must be drawn first. A label stays within its canvas, and is shortened to its room.
const FONT = "12px system-ui, 'DejaVu Sans', sans-serif", FONT_HEIGHT = 12;

// A name for a legend: a long one is shortened, and its element's title has all of it.
const NAME_MAX = 24;
function shortName(name) {
  const letters = [...name];
  return letters.length > NAME_MAX ? letters.slice(0, NAME_MAX - 1).join("").trimEnd() + "…" : name;
}

// A text, shortened to a width of `room` pixels; "" if not even three letters fit.
function fitted(g, text, room) {
  if (g.measureText(text).width <= room) return text;
  let low = 0, high = text.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (g.measureText(text.slice(0, middle).trimEnd() + "…").width <= room) low = middle; else high = middle - 1;
  }
  return low < 3 ? "" : text.slice(0, low).trimEnd() + "…";
}

// Draws a label. x: of its left end, centre or right end, by `align`; y: of its middle. room: its largest
// width; gap: the distance to other labels; backdrop: whether to hide what is drawn below it. In CSS
// pixels. Returns its width, or 0 if it was not drawn.
function label(g, text, x, y, { align = "left", colour = palette.soft, room = Infinity, gap = 4, backdrop = false,
  bold = false } = {}) {
  const { canvas } = g, wide = canvas.width / g.getTransform().a;
  g.font = bold ? "600 " + FONT : FONT;
  text = fitted(g, text, Math.min(room, wide - 2));
  const width = text ? g.measureText(text).width : 0;
  let left = align === "right" ? x - width : align === "center" ? x - width / 2 : x;
  left = Math.max(1, Math.min(left, wide - width - 1));
  const box = { left, right: left + width, top: y - FONT_HEIGHT / 2 - 1, bottom: y + FONT_HEIGHT / 2 + 1 };
  const overlaps = other => box.left < other.right + gap && other.left < box.right + gap &&
    box.top < other.bottom && other.top < box.bottom;
  const free = text !== "" && !canvas.labels.some(overlaps);
  if (free) {
    canvas.labels.push(box);
    if (backdrop) {
      g.fillStyle = palette.card;
      g.fillRect(left - 3, box.top - 1, width + 6, box.bottom - box.top + 2);
    }
    g.fillStyle = colour;
    g.textAlign = "left";
    g.textBaseline = "middle";
    g.fillText(text, left, y + .5);
  }
  g.font = FONT;
  return free ? width : 0;
}
