// SPDX-License-Identifier: MIT
// Uses the reports in a directory as a person would, in a headless Chromium. run.sh makes them.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const { chromium } = createRequire(process.env.DRIVER + "/")("playwright-core");
const directory = process.argv[2];
let checks = 0, failures = 0;

function check(good, what) {
  checks++;
  if (good) return;
  failures++;
  console.log(`wrong: ${what}`);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

// Records what is drawn on each canvas: the boxes of its labels, in CSS pixels, with their contrast to
// the background, and the filled rectangles. Runs in the page, before its own script.
function watchCanvases() {
  const drawn = window.drawn = new Map(), proto = CanvasRenderingContext2D.prototype;
  const { fillText, fillRect, clearRect, drawImage } = proto;
  const of = g => {
    const { id } = g.canvas;
    if (!drawn.has(id)) drawn.set(id, { texts: [], rects: [], stale: false });
    const canvas = drawn.get(id);
    if (canvas.stale) Object.assign(canvas, { texts: [], rects: [], stale: false });
    return canvas.copied ? { texts: [], rects: [] } : canvas;
  };
  const channel = c => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const tone = (r, g, b) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  window.contrastOf = (a, b) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  window.toneOf = tone;
  proto.fillText = function (text, x, y) {
    const m = this.measureText(text), ratio = this.getTransform().a;
    const box = { text, left: x - m.actualBoundingBoxLeft, right: x + m.actualBoundingBoxRight,
      top: y - m.actualBoundingBoxAscent, bottom: y + m.actualBoundingBoxDescent,
      width: this.canvas.width / ratio, height: this.canvas.height / ratio };
    if (window.measureContrast) {
      const rgb = parseInt(this.fillStyle.slice(1), 16), own = tone(rgb >> 16, rgb >> 8 & 255, rgb & 255);
      const { data } = this.getImageData(box.left * ratio, box.top * ratio, Math.max(1, (box.right - box.left) * ratio),
        Math.max(1, (box.bottom - box.top) * ratio));
      const card = getComputedStyle(document.querySelector("section")).backgroundColor.match(/\d+/g).map(Number);
      const all = [];
      for (let i = 0; i < data.length; i += 4) { // the card is visible through unpainted pixels
        const over = [0, 1, 2].map(k => data[i + k] * data[i + 3] / 255 + card[k] * (1 - data[i + 3] / 255));
        all.push(contrastOf(own, tone(...over)));
      }
      box.contrast = all.sort((a, b) => a - b)[Math.floor(all.length / 20)]; // lines may cross it
    }
    of(this).texts.push(box);
    return fillText.apply(this, arguments);
  };
  proto.fillRect = function (x, y, width, height) {
    of(this).rects.push({ x, y, width, height });
    return fillRect.apply(this, arguments);
  };
  proto.clearRect = function () {
    if (drawn.has(this.canvas.id)) Object.assign(drawn.get(this.canvas.id), { stale: true, copied: false });
    return clearRect.apply(this, arguments);
  };
  // A cleared canvas that is painted from its own copy shows the same as before.
  proto.drawImage = function (image) {
    const canvas = drawn.get(this.canvas.id), same = image.width === this.canvas.width && image.height === this.canvas.height;
    if (canvas && canvas.stale && same) Object.assign(canvas, { stale: false, copied: true });
    return drawImage.apply(this, arguments);
  };
}

const phone = { width: 390, height: 844 };

// Opens a report. Any console message and any network request is an error.
async function open(name, colorScheme = "light", width = 1400) {
  const context = await browser.newContext(width === phone.width
    ? { viewport: phone, colorScheme, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }
    : { viewport: { width, height: 1000 }, colorScheme });
  const page = await context.newPage();
  await page.addInitScript(watchCanvases);
  const url = pathToFileURL(`${directory}/${name}.html`).href;
  const ours = /Multiple readback operations/; // caused by this script's reading of pixels
  page.on("console", message => check(ours.test(message.text()), `${name}: the console says ${message.text()}`));
  page.on("pageerror", error => check(false, `${name}: ${error.stack}`));
  page.on("request", request => check(request.url() === url, `${name}: asks for ${request.url()}`));
  await page.goto(url);
  await page.waitForFunction(() => document.getElementById("status").textContent !== "");
  return page;
}

// The number of colours on a canvas, and the number of pixels in the colours with the given names in the
// style sheet, or close to them.
const look = (page, id, names = []) => page.evaluate(([id, names]) => {
  const shown = document.getElementById(id), canvas = document.createElement("canvas");
  canvas.width = shown.width;
  canvas.height = shown.height;
  const g = canvas.getContext("2d", { willReadFrequently: true });
  g.drawImage(shown, 0, 0);
  const { data } = g.getImageData(0, 0, canvas.width, canvas.height);
  const pixels = new Uint32Array(data.buffer), counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1);
  const style = getComputedStyle(document.documentElement), named = {};
  for (const name of names) {
    const rgb = parseInt(style.getPropertyValue("--" + name).trim().slice(1), 16);
    named[name] = 0;
    for (const [pixel, count] of counts) {
      const away = [0, 8, 16].map(s => Math.abs((pixel >> s & 255) - (rgb >> 16 - s & 255)));
      if (pixel >>> 24 === 255 && Math.max(...away) <= 8) named[name] += count;
    }
  }
  return { colours: counts.size, most: Math.max(...counts.values()) / pixels.length, named };
}, [id, names]);

async function checkCanvases(page, name, ids) {
  for (const id of ids) {
    const { colours, most } = await look(page, id);
    check(colours > 8 && most < 0.995, `${name}: the canvas ${id} is blank: ${colours} colours`);
  }
}
const all = ["faults", "heat", "messages", "bytes", "latency", "curve", "diagram"];

// ---- Charts in both colour schemes ----
async function checkLooks() {
  const luminance = {};
  for (const scheme of ["light", "dark"]) {
    const page = await open("storm", scheme);
    await checkCanvases(page, scheme, all);
    const rates = await look(page, "messages", ["gossip", "sync", "drop"]);
    for (const [colour, count] of Object.entries(rates.named)) {
      check(count > 50, `${scheme}: the messages show no ${colour}`);
    }
    const heat = await look(page, "heat", ["down", "heat3", "heat0"]);
    check(heat.named.down > 100, `${scheme}: the heat map shows no node that is down`);
    check(heat.named.heat3 > 10, `${scheme}: the heat map nowhere has the last colour of its legend`);
    check(heat.named.heat0 > 1000, `${scheme}: the heat map shows no node that lacks nothing`);
    luminance[scheme] = await page.evaluate(() =>
      toneOf(...getComputedStyle(document.body).backgroundColor.match(/\d+/g)));
    await page.context().close();
  }
  check(luminance.light > .8 && luminance.dark < .1, "a colour scheme has a wrong background");
}

// Redraws all canvases, and returns what was drawn by the id of the canvas.
const redraw = (page, contrast = false) => page.evaluate(contrast => {
  window.measureContrast = contrast;
  report.charts.render();
  report.diagram.resize();
  window.measureContrast = false;
  return Object.fromEntries([...drawn].filter(([id]) => id !== ""));
}, contrast);

// ---- Labels do not overlap and are not cut off; axes have titles; overlapping faults have lanes ----
const level = "time since the start of the run";
const titles = { faults: ["kind of fault", level], heat: ["node", level], messages: ["messages per second", level],
  bytes: ["bytes per second", level], latency: ["time to all nodes", level],
  curve: ["share of all values", "time since a value was added"], diagram: ["node", level] };

async function checkLabels() {
  for (const [name, width] of [["late", 1400], ["late", phone.width], ["storm", 1400], ["storm", 700], ["storm", phone.width],
    ["large", 1400], ["kafka", 1400], ["txn", phone.width]]) {
    const page = await open(name, "light", width), where = `${name}, ${width} px`;
    await page.evaluate(() => report.diagram.setWindow(0, report.model.end_at));
    const canvases = await redraw(page);
    let count = 0;
    for (const [id, { texts }] of Object.entries(canvases)) {
      count += texts.length;
      texts.forEach((a, i) => {
        check(a.left >= -1 && a.right <= a.width + 1 && a.top >= -1 && a.bottom <= a.height + 1,
          `${where}: ${id}: the label "${a.text}" is cut off`);
        for (const b of texts.slice(i + 1)) {
          check(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top,
            `${where}: ${id}: the labels "${a.text}" and "${b.text}" hide each other`);
        }
      });
      const item = { kafka: "log message", txn: "transaction" }[name] || "value";
      for (const each of titles[id] || []) {
        const title = each.replace("value was added", item === "value" ? "$&" : `${item} was sent`).replace("value", item);
        check(texts.some(t => t.text === title), `${where}: ${id}: no axis has the title "${title}"`);
      }
    }
    check(count > 60 && Object.keys(titles).every(id => canvases[id] || id === "faults"), `${where}: only ${count} labels`);
    await page.context().close();
  }

  const page = await open("late"), { faults } = await redraw(page);
  const bars = faults.rects.filter(r => r.width > 2.5 && r.height > 3), { lanes, cuts } = await page.evaluate(() => ({
    lanes: report.charts.lanes && report.charts.lanes.length,
    cuts: report.model.faults.filter(f => f.kind === "cut").length,
  }));
  check(cuts === 4 && bars.length >= 9, `late: ${cuts} partitions, ${bars.length} bars`);
  bars.forEach((a, i) => {
    for (const b of bars.slice(i + 1)) {
      check(a.x + a.width <= b.x + .01 || b.x + b.width <= a.x + .01 || a.y + a.height <= b.y || b.y + b.height <= a.y,
        `late: the bars of two faults overlap at ${Math.round(Math.max(a.x, b.x))}, ${Math.round(a.y)}`);
    }
  });
  check(lanes === 8, `late: ${lanes} lanes for three overlapping partitions and five other faults`);
  await page.context().close();
}

// ---- The contrast of all text to its background is at least 4.5, as in WCAG 2 ----
async function checkContrast() {
  for (const scheme of ["light", "dark"]) {
    for (const name of ["late", "few", "storm", "kafka", "txn"]) {
      const page = await open(name, scheme), where = `${name}, ${scheme}`;
      await page.locator("#scenario").evaluate(details => { details.open = true; });
      await page.evaluate(() => {
        showAnswer(report.why.ask(document.getElementById("question").placeholder));
        report.diagram.select(report.model.copies.outcome.indexOf(Outcome.LOST), true);
        tip("a tip", { clientX: 10, clientY: 10 });
      });
      await settled(page);
      const texts = await page.evaluate(() => {
        const parse = colour => {
          const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
          return { r, g, b, a };
        };
        const over = (top, below) => ({ r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a),
          b: top.b * top.a + below.b * (1 - top.a), a: 1 });
        const behind = element => {
          const layers = [];
          for (let at = element; at; at = at.parentElement) {
            layers.push(parse(getComputedStyle(at).backgroundColor));
            if (layers.at(-1).a === 1) break;
          }
          return layers.reduceRight((below, top) => over(top, below), { r: 255, g: 255, b: 255, a: 1 });
        };
        const out = [], tone = c => toneOf(c.r, c.g, c.b);
        const measure = (element, colour, text) => {
          const back = behind(element);
          out.push({ text: text.trim().slice(0, 40), contrast: contrastOf(tone(over(parse(colour), back)), tone(back)) });
        };
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
          const node = walker.currentNode, element = node.parentElement;
          if (node.data.trim() === "" || ["SCRIPT", "STYLE"].includes(element.tagName)) continue;
          if (!element.checkVisibility()) continue;
          measure(element, getComputedStyle(element).color, node.data);
        }
        const input = document.getElementById("question");
        measure(input, getComputedStyle(input).color, "the question");
        measure(input, getComputedStyle(input, "::placeholder").color, "the question's example");
        return out;
      });
      const canvases = Object.entries(await redraw(page, true))
        .flatMap(([id, { texts }]) => texts.map(t => ({ text: `${id}: ${t.text}`, contrast: t.contrast })));
      check(texts.length > 60 && canvases.length > 60, `${where}: only ${texts.length} texts, ${canvases.length} labels`);
      for (const { text, contrast } of [...texts, ...canvases]) {
        check(contrast >= 4.5, `${where}: "${text}" has a contrast of ${contrast.toFixed(2)}`);
      }
      await page.context().close();
    }
  }
}

// ---- On a phone ----
async function checkPhone() {
  const page = await open("late", "light", phone.width), session = await page.context().newCDPSession(page);
  check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
    "phone: the page has to be scrolled sideways");
  const swipe = async (id, dx, dy) => {
    await page.locator("#" + id).evaluate(canvas => canvas.scrollIntoView({ block: "center" }));
    await page.waitForTimeout(300);
    const box = await page.locator("#" + id).boundingBox(), before = await page.evaluate(() => scrollY);
    const x = box.x + box.width / 2, y = Math.min(box.y + box.height / 2, phone.height / 2 + 100);
    const touch = (type, share) => session.send("Input.dispatchTouchEvent", { type,
      touchPoints: type === "touchEnd" ? [] : [{ x: x + share * dx, y: y + share * dy }] });
    await touch("touchStart", 0);
    for (let share = .1; share < 1.05; share += .1) await touch("touchMove", share);
    await touch("touchEnd", 1);
    await page.waitForTimeout(200);
    return Math.abs(await page.evaluate(() => scrollY) - before);
  };
  for (const id of all) {
    const far = Math.max(await swipe(id, 0, -150), await swipe(id, 0, 150));
    check(far > 80, `phone: a swipe over ${id} scrolls the page by ${far} px`);
  }
  await page.evaluate(() => report.diagram.setWindow(4, 6));
  const before = await windowOf(page), far = await swipe("diagram", -120, 0), after = await windowOf(page);
  check(far < 5 && after[0] > before[0] + .3, `phone: swiping sideways does not move the diagram: ${before} ${after}`);

  // Two fingers.
  const box = await page.locator("#diagram").boundingBox(), y = box.y + box.height / 2, middle = box.x + box.width / 2;
  const touch = (type, apart) => session.send("Input.dispatchTouchEvent", { type,
    touchPoints: apart ? [{ x: middle - apart, y, id: 1 }, { x: middle + apart, y, id: 2 }] : [] });
  await touch("touchStart", 40);
  for (const apart of [50, 60, 70, 80]) await touch("touchMove", apart);
  await touch("touchEnd", 0);
  await settled(page);
  const closer = await windowOf(page), ratio = (closer[1] - closer[0]) / (after[1] - after[0]);
  check(Math.abs(ratio - .5) < .1, `phone: two fingers that move apart twice as far zoom by ${ratio}`);
  for (const selector of ["#outcome", "#answer", "#inspector", "#figures"]) {
    const { left, right } = await page.locator(selector).evaluate(e => e.getBoundingClientRect().toJSON());
    check(left >= 0 && right <= phone.width, `phone: ${selector} does not fit: ${left} to ${right}`);
  }
  await page.context().close();
}

// ---- Violations: where, when and why ----
async function checkFailures() {
  const asked = page => page.locator("#errors button.ask").allInnerTexts();
  const answerOf = page => page.locator("#answer").innerText();

  // Replicas that differ for the last of four partitions, the only one of n6 alone.
  const late = await open("late"), events = traceOf("late"), violation = events.find(e => e.kind === "violation");
  const missing = events.find(e => e.kind === "learn" && e.node === "n6" && e.t > violation.t);
  check((await late.locator("#verdict").innerText()) === "Invalid: 1 violation", "late: the verdict");
  check((await late.locator("#errors .time").innerText()) === `${violation.t.toFixed(3)} s`, "late: when it failed");
  const questions = await asked(late);
  check(questions.length > 0 && /^why does n6 lack \d+ at [\d.]+ s\?$/.test(questions[0]), `late: it suggests ${questions}`);
  check(missing.values.some(v => questions[0].includes(`lack ${v} `)), `late: n6 does not lack it: ${questions[0]}`);
  check(await late.locator("#question").inputValue() === questions[0], "late: the first question is not asked");
  const answer = await answerOf(late);
  check(answer.startsWith("n6 lacked ") && answer.includes("dropped: a partition cut it off"), `late: ${answer}`);
  const waited = /It waited longest at (n\d): ([\d.]+) s, from ([\d.]+) s on\. Meanwhile n\d sent (n\d) (.*)/.exec(answer);
  const [, holder, length, since, to, what] = waited || [];
  // The answer's times are rounded.
  const meanwhile = around => events.filter(e => e.kind === "send" && e.from === holder && e.to === to &&
    e.t > +since - around && e.t < +since + +length + around).length;
  const told = waited && (what.match(/\d+/g) || []).reduce((sum, n) => sum + +n, 0);
  check(waited && meanwhile(-.01) <= told && told <= meanwhile(.01), `late: where it waited, not ${meanwhile(0)} messages: ${answer}`);
  check(answer.includes("cut n6 | rest from 11.8s to 12s"), `late: the fault that did it is missing: ${answer}`);
  for (const other of ["cut n7 > rest", "cut n2 | n3", "n4 | all", "crash", "pause n1", "slow", "cut n0..n3"]) {
    check(!answer.includes(other), `late: "${other}" did not affect n6: ${answer}`);
  }
  const seen = await redraw(late, false);
  check(seen.faults.texts.some(t => t.text === "violation"), "late: the time of the failure is not marked");
  await late.locator("#question").fill("");
  await late.locator("#errors button.ask").first().click();
  check(await answerOf(late) === answer, "late: a click on a suggestion does not ask it");
  await late.context().close();

  // The same kinds of faults, each of which affected only some nodes: compared with the trace.
  const storm = await open("storm"), all = await storm.evaluate(() => {
    const { model, why } = report, out = [];
    for (const node of [8, 9, 10, 11, 12, 20]) {
      for (const [item] of model.items.value.entries()) {
        if (item % 60 !== 0 || model.createdAt[item] < 0) continue;
        const { parts } = why.whyLacks("n" + node, [item], model.itemText(item));
        const nodes = new Set([node, ...why.path(node, item, model.end_at).flatMap(s => [s.node, s.from])]);
        out.push({ nodes: [...nodes], faults: (parts || []).filter(p => p.items).flatMap(p => p.items)
          .filter(i => i.fault).map(i => i.text) });
      }
    }
    return out;
  });
  let left = 0;
  for (const { nodes, faults } of all) {
    for (const [node, own] of [[8, "slow n8"], [11, "clock n11"], [10, "drift n10"], [9, "pause n9"]]) {
      const named = faults.some(text => text.includes(own));
      check(!named || nodes.includes(node), `storm: "${own}" affected none of ${nodes}`);
      left += !named;
    }
  }
  check(all.length > 30 && left > 60, `storm: ${all.length} answers omit ${left} faults`);
  await storm.context().close();

  // A process that omits a value which it received from its reads.
  const hides = await open("hides");
  check((await asked(hides))[0] === "why does n2 lack 17?", `hides: it suggests ${await asked(hides)}`);
  check(/n2 received 17 at [\d.]+ s, but its last read, at [\d.]+ s, does not return it/.test(await answerOf(hides)),
    `hides: ${await answerOf(hides)}`);
  await hides.locator("#errors").getByRole("button", { name: "what happened at n2?" }).click();
  check((await answerOf(hides)).includes("The last replies of n2 to clients"), `hides: ${await answerOf(hides)}`);
  await hides.context().close();

  // A process, with a protocol of its own, that ignores what others send.
  const deaf = await open("deaf"), about = await asked(deaf);
  check(about.some(q => /^why does n2 lack \d+\?$/.test(q)), `deaf: it suggests ${about}`);
  check(/^n2 lacked \d+ from [\d.]+ s, when it was added, to the end/.test(await answerOf(deaf)), `deaf: ${await answerOf(deaf)}`);
  check((await answerOf(deaf)).includes("No fault affected it"), `deaf: ${await answerOf(deaf)}`);
  await deaf.context().close();

  // A violation that is not about a missing value.
  const wrong = await open("wrong"), offers = await asked(wrong);
  check(/^what happened at n\d+( at [\d.]+ s)?\?$/.test(offers[0]), `wrong: it suggests ${offers}`);
  check(/^n\d+ at [\d.]+ s: up/.test(await answerOf(wrong)), `wrong: ${await answerOf(wrong)}`);
  await wrong.context().close();

  const valid = await open("echo");
  check((await asked(valid)).length === 0 && await answerOf(valid) === "", "echo: a valid run suggests questions");
  await valid.context().close();
}

// ---- Verdicts, as on standard output ----
async function checkVerdicts() {
  const openWith = async (name, ...words) => {
    const page = await open(name), text = await page.locator("#outcome").innerText();
    for (const word of words) check(text.includes(word), `${name}: "${word}" is not in: ${text}`);
    return page;
  };
  for (const [name, besides] of [["slow", "Otherwise: valid, nothing lost"], ["slow-wrong", "Otherwise: invalid, 1 violation"]]) {
    const page = await openWith(name, "No verdict: the machine was too slow", "ms late", besides);
    check(await page.locator("#outcome").getAttribute("class") === "unsure", `${name}: it looks like a verdict`);
    const errors = await page.locator("#errors li").count();
    check(errors === (name === "slow" ? 0 : 1), `${name}: ${errors} violations`);
    await page.context().close();
  }
  const excused = await openWith("excused", "Valid: no violation except allowed losses");
  const note = await excused.locator("#verdict-note").innerText();
  check(/^[1-9]\d* of \d+ values /.test(note), `excused: ${note}`);
  await excused.context().close();
  const limit = await openWith("limit", "Failed: the run exceeds a limit", "longest latency, ms", "Otherwise valid");
  check(await limit.locator("#outcome").getAttribute("class") === "bad", "limit: it does not look bad");
  await limit.context().close();

  // The first question is about the node that acknowledged a value and dropped it.
  const drops = await open("drops"), questions = await drops.locator("#errors button.ask").allInnerTexts();
  const result = await drops.evaluate(() => report.result.errors.join());
  const [, owner] = /acknowledged by (n\d)/.exec(result) || [];
  check(owner && questions[0] === `why does ${owner} lack 3?`, `drops: ${result}: it suggests ${questions}`);
  check(/its last read, at [\d.]+ s, does not return it/.test(await drops.locator("#answer").innerText()),
    `drops: ${await drops.locator("#answer").innerText()}`);
  const [title, other] = await drops.evaluate(owner => [owner, owner === "n0" ? "n1" : "n0"].map(n =>
    report.why.ask(`what happened at ${n}?`).title), owner);
  check(title.endsWith("lacks 3.") && other.endsWith("lacks 3."), `drops: ${title} ${other}`);
  await drops.context().close();

  // Text that looks like HTML is shown literally.
  const angles = await open("angles"), legend = await angles.locator("#messages-legend").innerText();
  check(legend.includes("<news>"), `angles: the legend is ${legend}`);
  const shown = await angles.evaluate(() => {
    const m = report.model.type.findIndex((t, i) => report.model.types[t] === "<news>" && report.model.from[i] !== CLIENT);
    report.diagram.select(report.model.copies.message.indexOf(m), true);
    return document.getElementById("inspector").innerText;
  });
  check(shown.includes('"type": "<news>"') && !shown.includes("u003c"), `angles: ${shown}`);
  await angles.context().close();

  // A long name is shortened, and its element's title has all of it.
  const names = "a-name-of-a-type-that-is-longer-than-any-legend";
  const long = await open("names"), entry = long.locator("#messages-legend span").first();
  check(await entry.innerText() === "a-name-of-a-type-that-i…", `names: the legend has ${await entry.innerText()}`);
  check(await entry.getAttribute("title") === names + '"\u00e9', `names: the title is ${await entry.getAttribute("title")}`);
  check((await long.locator("#filters label").first().getAttribute("title")).startsWith(names), "names: a filter has no title");
  await long.context().close();
}

// ---- The bound on messages ----
async function checkBound() {
  for (const [name, bound] of [["large", 100000], ["few", 250]]) {
    const page = await open(name), note = page.locator("#kept-note");
    const events = name === "few" ? traceOf("few") : null;
    const kept = await page.evaluate(() => ({ count: report.model.at.length, until: report.model.keptUntil }));
    check(kept.count === bound, `${name}: the report keeps ${kept.count} messages`);
    check(await note.isVisible() && (await note.innerText()).includes(`the first ${bound.toLocaleString("en")} of `),
      `${name}: no note says so: ${await note.innerText()}`);
    if (events) {
      const sent = events.filter(e => e.kind === "send" || e.kind === "request");
      check((await note.innerText()).includes(` of ${sent.length.toLocaleString("en")} messages`), `${name}: how many there were`);
      check(Math.abs(sent[bound - 1].t - kept.until) < 1e-3, `${name}: until when it keeps them`);
      const lacks = await page.evaluate(() => [...report.model.lacks.slice(-report.model.nodes)]);
      check(lacks.every(n => n === 0), `${name}: values are not complete: ${lacks}`);
      const { messages } = await redraw(page);
      check(messages.texts.length > 5, `${name}: no labels`);
      check(messages.texts.some(t => t.text === "messages omitted"), `${name}: the chart does not say where messages end`);
      const figures = (await page.locator("#figures").innerText()).replace(/\s+/g, " ");
      const bytes = events.filter(e => e.kind === "send").reduce((sum, e) => sum + e.bytes, 0);
      check(figures.includes(`between nodes ${await page.evaluate(b => byteText(b), bytes)} `), `${name}: ${bytes} bytes: ${figures}`);
      check(/dropped until [\d.]+ s \d+ [\d.]+% of these messages/.test(figures), `${name}: ${figures}`);
      await page.locator("#question").fill("who has 5?");
      await page.keyboard.press("Enter");
      await page.locator("#question").fill(await page.evaluate(() => `why does n3 lack ${report.model.values.at(-1)}?`));
      await page.keyboard.press("Enter");
      check(/in a message that this report omits/.test(await page.locator("#answer").innerText()),
        `${name}: what it omits: ${await page.locator("#answer").innerText()}`);
    }
    await page.context().close();
  }
  const whole = await open("storm");
  check(!await whole.locator("#kept-note").isVisible(), "storm: a complete report says that it omits messages");
  await whole.context().close();
}

// ---- The page's model, compared with the trace ----
const traceOf = name => readFileSync(`${directory}/${name}.jsonl`, "utf8").trim().split("\n")
  .map(line => JSON.parse(line));

async function checkModel() {
  const exact = await open("echo"), spelled = "[9223372036854775807,9223372036854775806,-0,1.50,1e3,[\"n1\",17],\"1.50\"]";
  check(await exact.evaluate(text => JSON.stringify(parseJson(text)), spelled) === spelled, "numbers are not kept as spelled");
  await exact.context().close();
  for (const name of ["storm", "counter", "lives", "adversary", "echo", "process", "counters", "kafka", "txn", "kafka-exec", "txn-exec"]) {
    const events = traceOf(name), page = await open(name);
    const of = kind => events.filter(e => e.kind === kind).length;
    const seen = await page.evaluate(() => ({
      between: report.model.nodeMessages, copies: report.model.copies.at.length,
      dropped: report.model.copies.outcome.filter(o => o >= Outcome.CUT).length,
      faults: report.model.faults.length, learned: report.model.learned.at.length,
      lacksAtEnd: Math.max(0, ...(report.model.lacks || []).slice(-report.model.nodes)),
      verdict: document.getElementById("verdict").textContent,
      title: document.getElementById("title").textContent,
    }));
    check(seen.between === of("send"), `${name}: ${seen.between} messages`);
    check(seen.copies === of("send") + of("request") + of("duplicate"), `${name}: copies`);
    check(seen.dropped === of("drop"), `${name}: ${seen.dropped} dropped`);
    check(seen.faults === of("fault-begin"), `${name}: ${seen.faults} faults`);
    check((seen.learned > 0) === (name !== "echo"), `${name}: ${seen.learned} learned`);
    check(seen.lacksAtEnd === 0, `${name}: in the end a node lacks ${seen.lacksAtEnd}`);
    check(seen.verdict.startsWith("Valid"), `${name}: the verdict is ${seen.verdict}`);
    check(seen.title.includes("nodes"), `${name}: the title is ${seen.title}`);
    await checkCanvases(page, name, ["messages", "bytes"]);
    await page.context().close();
  }
}

// ---- Mouse and keyboard ----
const windowOf = page => page.evaluate(() => [report.diagram.from, report.diagram.to]);
const settled = page => page.evaluate(() => new Promise(done =>
  requestAnimationFrame(() => requestAnimationFrame(done))));

async function checkDiagram() {
  const page = await open("storm"), diagram = page.locator("#diagram");
  await diagram.scrollIntoViewIfNeeded();
  const box = await diagram.boundingBox(), middle = [box.x + box.width / 2, box.y + box.height / 2];
  const before = await windowOf(page);
  await page.mouse.move(...middle);
  await page.mouse.wheel(0, -300);
  await settled(page);
  const closer = await windowOf(page);
  check(closer[1] - closer[0] < .8 * (before[1] - before[0]), "the wheel does not zoom in");
  await page.mouse.down();
  await page.mouse.move(middle[0] - 200, middle[1], { steps: 4 });
  await page.mouse.up();
  await settled(page);
  const moved = await windowOf(page);
  check(moved[0] > closer[0] && Math.abs(moved[1] - moved[0] - closer[1] + closer[0]) < 1e-6,
    "dragging does not move");

  // A click on the middle of a message's line.
  const spot = await page.evaluate(() => {
    const d = report.diagram, c = report.model.copies;
    let found = null;
    d.each(i => {
      if (found || c.outcome[i] !== Outcome.DELIVERED || c.at[i] < d.from || c.until[i] > d.to) return;
      const m = c.message[i], x = (d.x(c.at[i]) + d.x(c.until[i])) / 2;
      const y = (d.y(report.model.from[m]) + d.y(report.model.to[m])) / 2;
      if (d.near(x, y) === i) found = { i, x, y, from: report.model.from[m], to: report.model.to[m] };
    });
    return found;
  });
  check(spot !== null, "no message is in view");
  await page.mouse.click(box.x + spot.x, box.y + spot.y);
  const inspector = () => page.locator("#inspector").innerText();
  check((await inspector()).includes(`n${spot.from} → n${spot.to}`), "a click does not select");
  check(/"type": "(gossip|sync)"/.test(await inspector()), "the message's text is not shown");
  check(/has\s+\d+ of \d+ values/.test(await inspector()), "the node's state is not shown");
  const selected = () => page.evaluate(() => report.diagram.selected);
  await settled(page);
  check((await look(page, "diagram", ["ink"])).named.ink > 30, "what is selected is not marked");

  await diagram.focus();
  await page.keyboard.press("ArrowRight");
  const next = await selected();
  check(next > spot.i, "a step does not go on");
  await page.keyboard.press("ArrowLeft");
  check(await selected() === spot.i, "a step back does not go back");
  await page.keyboard.press("ArrowDown");
  check((await inspector()).startsWith("n0 at"), "↓ does not choose a node");
  await page.keyboard.press("0");
  await settled(page);
  const whole = await windowOf(page);
  check(whole[0] <= 0 && whole[1] >= 30, "0 does not show all");
  check((await page.locator("#status").innerText()).includes("as bars"), "too many lines");
  await page.keyboard.press("+");
  await settled(page);
  check((await windowOf(page))[1] - (await windowOf(page))[0] < 25, "+ does not zoom");
  await page.getByLabel("dropped only").check();
  await settled(page);
  const drops = await page.evaluate(() => {
    let wrong = 0;
    report.diagram.each(c => { wrong += report.model.copies.outcome[c] < Outcome.CUT; });
    return { wrong, count: report.diagram.count };
  });
  check(drops.wrong === 0 && drops.count > 100, "dropped only shows others");

  await page.locator("#heat").click({ position: { x: 300, y: 50 } });
  await settled(page);
  check((await windowOf(page))[1] < 20, "a click in a chart does not go there");
  // The keyboard reaches the diagram.
  await page.locator("#question").focus();
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.id) === "diagram") break;
  }
  check(await page.evaluate(() => document.activeElement.id) === "diagram",
    "the diagram cannot be reached by keyboard");
  await page.context().close();
}

// A value that a node lacked for long because a message that carried it was dropped: computed from the
// trace, independently of the page.
function dropped(events, why) {
  const sends = new Map(events.filter(e => e.kind === "send").map(e => [e.id, e])), learned = new Map();
  for (const e of events) {
    if (e.kind === "crash") learned.set(e.node, null); // only nodes that lose nothing are of use
    if (e.kind !== "learn" || learned.get(e.node) === null) continue;
    if (!learned.has(e.node)) learned.set(e.node, new Map());
    for (const value of e.values) learned.get(e.node).set(value, e);
  }
  for (const e of events) {
    if (e.kind !== "drop" || e.why !== why || !sends.has(e.id) || !learned.get(e.to)) continue;
    const send = sends.get(e.id);
    for (const run of send.body.entries || []) {
      for (const value of run.set || []) {
        const came = learned.get(e.to).get(value);
        if (came && came.t > e.t + .5) return { node: e.to, value, send, came };
      }
    }
  }
  return null;
}

async function checkWhy() {
  const page = await open("storm"), events = traceOf("storm");
  const ask = async question => {
    await page.locator("#question").fill(question);
    await page.keyboard.press("Enter");
    return page.locator("#answer").innerText();
  };
  const texts = { cut: "a partition cut it off", lost: "the network lost it" };
  for (const why of ["cut", "lost"]) {
    const found = dropped(events, why);
    check(found !== null, `no value is late since a message was ${why}`);
    const { node, value, send, came } = found;
    const answer = await ask(`why does ${node} lack ${value}?`);
    check(answer.includes(`until ${came.t.toFixed(3)} s`), `${node}, ${value}: came later: ${answer}`);
    check(answer.includes(`${send.from} sent it to ${node} at ${send.t.toFixed(3)} s, dropped: ${texts[why]}`),
      `${node}, ${value}: the dropped message is missing: ${answer}`);
    const sender = events.find(e => e.kind === "send" && e.id === came.id);
    check(answer.includes(`${node} received it from ${sender.from} at ${came.t.toFixed(3)} s`),
      `${node}, ${value}: the sender is missing: ${answer}`);
    check(answer.includes("a client sent it to"), `${node}, ${value}: no beginning: ${answer}`);
    await page.locator("#answer li.dropped button").first().click();
    check((await page.locator("#inspector").innerText()).includes("dropped:"),
      "a click in the answer does not lead to the message");
    const before = (came.t - .001).toFixed(4);
    check((await ask(`why does ${node} lack ${value} at ${before}s?`)).includes("until"), "at a time");
    check((await ask(`why does ${node} lack ${value} at ${came.t + 1}s`)).includes("does not lack"),
      "it does lack what it has");
  }
  check((await ask("who has 5?")).startsWith("All 25 nodes have 5"), "who has 5?");
  check((await ask("why does n7 lack 999999?")).includes("No node ever had"), "an unknown value");
  check((await ask("why does n77 lack 5?")).includes("There is no n77"), "an unknown node");
  check((await ask("what is this?")).includes("Ask, for example"), "a text that is no question");
  const traffic = await ask("who sent at 6.5 s?");
  check(/^In the second before 6\.500 s, nodes sent each other \d+ messages\./.test(traffic), `who sent: ${traffic}`);
  check(await ask("who spoke at 6.5 s?") === traffic, "who spoke is not the same question as who sent");
  await page.getByRole("button", { name: "what took longest" }).click();
  const slowest = await page.locator("#answer").innerText();
  check(/^(\d+) took longest to reach all nodes(?: \(\d+ never did\))?\. n\d+ lacked \1 for [\d.]+ s/.test(slowest), `the slowest: ${slowest}`);
  const put = await page.locator("#question").inputValue();
  check(put === "what took longest?" && await ask(put) === slowest, `what took longest is asked as ${put}`);
  await page.context().close();
}

// The page's name of a counter's entry in its node's first incarnation.
const entryOf = ([[node, , sign], count]) => node + sign + count;

// The same for a counter: a count of an entry that a node lacked for long.
function droppedCount(events) {
  for (const e of events) {
    if (e.kind !== "drop" || e.why !== "cut") continue;
    const send = events.find(s => s.kind === "send" && s.id === e.id);
    for (const entry of (send ? send.body.entries || [] : []).flatMap(run => run.counter || [])) {
      const holds = other => String(other[0]) === String(entry[0]) && other[1] >= entry[1];
      const came = events.find(l => l.kind === "learn" && l.node === e.to && l.values.some(holds));
      if (came && came.t > e.t + .5) return { entry, node: e.to, send, came, learned: came.values.find(holds) };
    }
  }
  return null;
}

async function checkWhyCounter() {
  const page = await open("counter"), found = droppedCount(traceOf("counter"));
  const ask = async (page, question) => {
    await page.locator("#question").fill(question);
    await page.keyboard.press("Enter");
    return page.locator("#answer").innerText();
  };
  check(found !== null, "no counter is late since a message was cut");
  const { entry, node, send, came, learned } = found, name = entryOf(entry), [owner] = entry[0];
  const answer = await ask(page, `why does ${node} lack ${name}?`);
  for (const text of [`${node} lacked ${name} for`, `until ${came.t.toFixed(3)} s`, "a client sent it to " + owner,
    `${send.from} sent ${name} to ${node} at ${send.t.toFixed(3)} s, dropped: a partition cut it off`,
    `at ${came.t.toFixed(3)} s`, `${node} received ${entryOf(learned)} from`, `${entry[1]} ${entry[0][2] === "+" ? "added" : "subtracted"} at`]) {
    check(answer.includes(text), `${node}, ${name}: "${text}" is missing: ${answer}`);
  }
  check(answer.includes(`${node} had nothing of that entry`) || answer.includes(`${node} had ${owner}`),
    `${node}, ${name}: what it had meanwhile is missing: ${answer}`);
  await page.locator("#answer li.dropped button").first().click();
  const inspector = await page.locator("#inspector").innerText();
  check(inspector.includes("dropped:") && /counter\s+-?\d+ of -?\d+/.test(inspector), "what was dropped");
  check(inspector.includes(name), "the receiver's lack is missing");
  check((await ask(page, `why does ${node}'s read miss ${owner}'s latest ${entry[0][2] === "+" ? "additions" : "subtractions"}?`)).includes("lacked " + owner),
    "a question in words");
  check((await ask(page, `who has ${name}?`)).startsWith("All 9 nodes have " + name), "who has it?");
  check((await ask(page, `why does ${node} lack ${owner}+999999`)).includes("No node ever had"), "no such count");
  await page.getByRole("button", { name: "what took longest" }).click();
  check(/lacked n\d[+-]\d+ for [\d.]+ s/.test(await page.locator("#answer").innerText()), "the slowest");
  await checkCanvases(page, "counter", ["heat", "latency", "curve"]);
  await page.context().close();

  // Crashes with a disk and without, and additions that the node had once they were on disk.
  const lives = await open("lives");
  const anew = await ask(lives, "why does n0 lack n1/2+?");
  check(anew.includes("a client sent it to n1") && anew.includes("in incarnation 2"), `a second incarnation: ${anew}`);
  const kept = await ask(lives, "why does n2 lack n0+ at 5.001s?");
  check(kept.includes("n2 had read it from its disk by 5.000 s"), `from the disk: ${kept}`);
  const additions = await lives.evaluate(() => {
    const { model } = report, { node, value, count, message } = model.learned;
    const v = model.entries.findIndex(e => e.node === "n0" && e.sign === "+");
    let sum = 0, wrong = 0, all = 0;
    for (let i = 0; i < node.length; i++) {
      if (node[i] !== 0 || value[i] !== v) continue;
      sum += message[i] < 0 ? NaN : JSON.parse(model.body(message[i])).delta;
      wrong += sum !== count[i];
      all++;
    }
    return { wrong, all };
  });
  check(additions.all > 5 && additions.wrong === 0,
    `of ${additions.all} counts ${additions.wrong} are not the sum of what clients added`);
  await lives.context().close();

  const echo = await open("echo");
  check((await echo.locator("#ask-section").innerText()).includes("share no data"), "echo: no node can lack a value");
  check((await ask(echo, "what happened at n1?")).startsWith("n1 at "), "echo: what happened at a node");
  await echo.context().close();
}

// ---- Logs and transactions, compared with the trace ----
const asks = page => async question => {
  await page.locator("#question").fill(question);
  await page.keyboard.press("Enter");
  return page.locator("#answer").innerText();
};
const rowsOf = page => page.locator("#history tbody tr").allInnerTexts();

// Requests of clients with their replies.
function exchanges(events) {
  const open = new Map(), out = [];
  for (const e of events) {
    if (e.kind === "request") open.set(`${e.from} ${e.body.msg_id}`, { request: e, reply: null });
    const pair = e.kind === "reply" && open.get(`${e.to} ${e.body.in_reply_to}`);
    if (pair) out.push({ ...pair, reply: e });
  }
  return out;
}
// When each node first had each element of a log: by its JSON text, then by node.
function arrivalsOf(events) {
  const out = new Map();
  for (const e of events.filter(one => one.kind === "learn")) {
    for (const element of e.values) {
      const text = JSON.stringify(element);
      if (!out.has(text)) out.set(text, new Map());
      if (!out.get(text).has(e.node)) out.get(text).set(e.node, e.t);
    }
  }
  return out;
}
const near = (a, b) => Math.abs(a - b) < 2e-6;

async function checkLogs() {
  const page = await open("kafka"), events = traceOf("kafka"), ask = asks(page), nodes = 5;
  const stable = (node, offset) => events.find(e => e.kind === "stable" && e.node === node && e.body[0] > offset)?.t ?? -1;
  const polls = exchanges(events).filter(({ reply }) => reply.type === "poll_ok").map(({ reply }) => reply);
  const sends = exchanges(events).filter(({ reply }) => reply.type === "send_ok"), arrivals = arrivalsOf(events);
  const shown = await page.evaluate(() => {
    const { model } = report, { operations } = model, out = {};
    operations.elements.forEach(({ key, offset, message }, v) => {
      const first = operations.firstReturn(v), op = operations.opOf.get(v);
      out[JSON.stringify([[key, offset], message])] = { everywhere: model.everywhereAt[model.firstItem[v]], first,
        stable: operations.stableEverywhere(offset).at, client: op?.client, node: op?.node, acked: op?.reply.at };
    });
    return out;
  });
  check(sends.length > 100 && Object.keys(shown).length === arrivals.size, `kafka: ${Object.keys(shown).length} messages`);
  let late = null;
  for (const { request, reply } of sends) {
    const { key, msg } = request.body, { offset } = reply.body, text = JSON.stringify([[key, offset], msg]), row = shown[text];
    const returned = polls.find(e => (e.body.msgs[key] || []).some(([o, m]) => o === offset && m === msg)), byNode = arrivals.get(text);
    const times = Array.from({ length: nodes }, (_, n) => stable("n" + n, offset));
    check(row && row.client === request.from && `n${row.node}` === request.to && near(row.acked, reply.t), `kafka: who sent ${text}`);
    check(near(row.everywhere, Math.max(...byNode.values())), `kafka: ${text} at all nodes at ${row.everywhere}`);
    check(near(row.stable, Math.max(...times)), `kafka: ${text} stable at ${row.stable}, not ${times}`);
    check(near(row.first.at, returned.t) && row.first.client === returned.to, `kafka: first poll of ${text} at ${row.first.at}`);
    times.forEach((at, n) => {
      const wait = at - byNode.get("n" + n);
      if (late === null || wait > late.wait) late = { wait, at, node: "n" + n, came: byNode.get("n" + n), key, msg, offset, sent: request.t };
    });
  }

  // The message that waited longest at a node for promises, and the node that it waited for.
  const { node, at, came, key, msg, offset } = late, name = `message ${msg} of key ${key}`;
  const before = events.filter(e => e.kind === "stable" && e.node === node && e.t < at).at(-1), holder = before.body[1];
  const answer = await ask(`why does ${node} not return ${name}?`);
  check(late.wait > 2 && answer.startsWith(`${node} could return ${name} from ${at.toFixed(3)} s on`), `kafka: ${answer}`);
  for (const part of [`it was stable at ${node} at ${at.toFixed(3)} s`, `to give no offset below ${offset + 1} any more`,
    `from ${came.toFixed(3)} s to ${at.toFixed(3)} s: `, `at last ${holder} since`, "What delayed the promises", "partition from"]) {
    check(answer.includes(part), `kafka: "${part}" is not in: ${answer}`);
  }
  const then = ((came + at) / 2).toFixed(3), soon = await ask(`why has ${node} not returned ${key}/${msg} at ${then} s?`);
  check(soon.startsWith(`At ${then} s ${node} had not returned ${name}`) && soon.includes("was not stable yet"), `kafka: ${soon}`);
  const who = await ask(`who has offset ${offset} of key ${key}?`);
  check(who.startsWith(`All 5 nodes have ${name}`) && who.includes(`${node}: stable at ${at.toFixed(3)} s, first returned at`), `kafka: ${who}`);
  check((await ask("why does n9 not return 5/1?")).includes("There is no n9") && (await ask("why does n1 not return 5/999?")).includes("No node ever had"),
    "kafka: an unknown node or message");

  // The table: filters, pages, questions.
  const count = [...arrivals.keys()].filter(text => JSON.parse(text)[0][0] === key).length;
  await page.locator("#history-key").selectOption(key);
  const rows = await rowsOf(page), offsets = rows.map(text => +text.split("\t")[1]);
  check(rows.length === Math.min(15, count) && rows.every(text => text.startsWith(key + "/")), `kafka: the rows of key ${key}: ${rows}`);
  check(offsets.every((o, i) => i === 0 || o > offsets[i - 1]), `kafka: the offsets ${offsets}`);
  await page.locator("#history-key").selectOption("");
  await page.locator("[data-history=next]").click();
  check((await page.locator("#history-status").innerText()).startsWith("16 to 30 of "), "kafka: the second page");
  await page.locator("[data-history=previous]").click();
  check(await page.locator("[data-history=previous]").isDisabled(), "kafka: there is a page before the first");
  await page.locator("#history-order").selectOption("slowest");
  await page.locator("#history tbody tr").first().getByRole("button", { name: "why" }).click();
  check(/^why does n\d not return message \d+ of key \d+\?$/.test(await page.locator("#question").inputValue()), "kafka: why is not asked");
  check((await page.locator("#answer").innerText()).includes("could return"), "kafka: why is not answered");
  await page.locator("#history-key").focus();
  await page.keyboard.press("Tab");
  check(await page.evaluate(() => document.activeElement.id) === "history-node", "kafka: the keyboard does not reach the table's filters");
  check((await page.locator("#latency-legend").innerText()).includes("stable at all nodes"), "kafka: the chart shows no stable times");
  await page.context().close();

  // Processes: only messages and polls are known. A bounded report says what it omits.
  const exec = await open("kafka-exec"), asked = await exec.locator("#question").getAttribute("placeholder");
  check(!(await exec.locator("#history thead").innerText()).includes("stable") && (await rowsOf(exec)).length > 10, "kafka-exec: the table");
  check(/^n\d lacked message /.test(await asks(exec)(asked)), `kafka-exec: ${asked}`);
  const unknown = await asks(exec)(asked.replace("lack", "not return"));
  check(/first returned message|never returned message/.test(unknown) && unknown.includes("does not show what a node waits for"), `kafka-exec: ${unknown}`);
  await exec.context().close();
  const few = await open("kafka-few");
  check((await asks(few)(await few.locator("#question").getAttribute("placeholder"))).includes("This report omits polls from"), "kafka-few: polls");
  while (await few.locator("[data-history=next]").isEnabled()) await few.locator("[data-history=next]").click();
  check((await rowsOf(few)).some(text => text.includes("not shown")), "kafka-few: the table does not say what is omitted");
  await few.context().close();

  const skips = await open("skips"), offers = await skips.locator("#errors button.ask").allInnerTexts();
  check(/^(who has|why does n\d \w.*) message \d+ of key \d+\?$/.test(offers[0]), `skips: it suggests ${offers}`);
  check((await skips.locator("#answer").innerText()).includes("When nodes could return it, and did"), "skips: who has it");
  await skips.context().close();
}

// The read of an older value for which a partition cut off the message with the newer one.
function olderRead(events) {
  const stamps = new Map(), writers = new Map(), had = arrivalsOf(events);
  for (const text of had.keys()) {
    const [[name, stamp], writes] = JSON.parse(text);
    for (const [key, value] of writes) {
      stamps.set(`${key}=${value}`, [stamp, name]);
      writers.set(`${key}=${value}`, text);
    }
  }
  const below = (a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1), cut = events.filter(e => e.kind === "drop" && e.why === "cut");
  const sent = new Map(events.filter(e => e.kind === "send").map(e => [e.id, e]));
  for (const { request, reply } of exchanges(events).filter(pair => pair.reply.type === "txn_ok")) {
    const reads = reply.body.txn.filter(([f, key], i, all) => f === "r" && !all.slice(0, i).some(([g, k]) => g === "w" && k === key));
    for (const [, key, value] of reads.filter(([, , read]) => read !== null)) {
      const newest = [...stamps].filter(([text]) => text.startsWith(`${key}=`) && Math.min(...had.get(writers.get(text)).values()) < reply.t - 1e-9)
        .sort((a, b) => below(a[1], b[1])).at(-1);
      if (!newest || newest[0] === `${key}=${value}`) continue;
      const text = writers.get(newest[0]), came = had.get(text).get(reply.from), stamp = String(newest[1][0]);
      const drop = came > reply.t && cut.find(e => e.to === reply.from && e.t < reply.t && sent.has(e.id) &&
        JSON.stringify(sent.get(e.id).body).includes(stamp));
      if (drop) return { client: request.from, node: reply.from, t: reply.t, read: `${key}=${value}`, newest: newest[0], came, drop: sent.get(drop.id) };
    }
  }
  return null;
}

async function checkTransactions() {
  const page = await open("txn"), events = traceOf("txn"), ask = asks(page), found = olderRead(events);
  check(found !== null, "txn: no read returned an older value because of a partition");
  const { client, node, t, read, newest, came, drop } = found, answer = await ask(`why did ${client} read ${read} at ${t.toFixed(3)} s?`);
  check(answer.startsWith(`${client} read ${read} at ${node} at ${t.toFixed(3)} s, though ${newest} was `) &&
    answer.includes(`${node} had not received that transaction yet`), `txn: ${answer}`);
  for (const part of [`${drop.from} sent it to ${node} at ${drop.t.toFixed(3)} s, dropped: a partition cut it off`,
    `until ${came.toFixed(3)} s`, `The transaction that wrote ${newest}`]) check(answer.includes(part), `txn: "${part}" is not in: ${answer}`);

  // Each transaction arrives as a whole, with all its writes.
  const arrivals = [...arrivalsOf(events)], shown = await page.evaluate(() => report.model.operations.elements.map(({ writes }, v) => ({
    writes, at: report.model.everywhereAt[report.model.firstItem[v]] })));
  const sorted = writes => JSON.stringify([...writes].sort((a, b) => a[0] - b[0]));
  for (const [text, byNode] of arrivals) {
    const row = shown.find(one => sorted(one.writes) === sorted(JSON.parse(text)[1]));
    check(row && byNode.size === 5 && near(row.at, Math.max(...byNode.values())), `txn: ${text} at all nodes at ${row?.at}`);
  }
  // What overwrote a version: the next one by its stamp.
  const writes = arrivals.flatMap(([text]) => JSON.parse(text)[1].map(([key, value]) => ({ key, value, stamp: JSON.parse(text)[0] })));
  const key = writes[0].key, versions = writes.filter(w => w.key === key).sort((a, b) => a.stamp[1] - b.stamp[1] || (a.stamp[0] < b.stamp[0] ? -1 : 1));
  const first = versions[0], who = await ask(`who has ${key}=${first.value}?`);
  check(who.includes(`${key}=${first.value}: overwritten by ${key}=${versions[1].value}`), `txn: ${who}`);
  check((await ask(`who has ${key}=${versions.at(-1).value}?`)).includes(`${key}=${versions.at(-1).value}: not overwritten`), "txn: the last version");

  const ownReads = [], rows = await rowsOf(page), sent = exchanges(events).filter(({ request }) => request.type === "txn");
  check(rows.length === 15 && (await page.locator("#history-status").innerText()).endsWith(`of ${sent.length} transactions`), "txn: the table");
  sent.sort((a, b) => a.request.t - b.request.t || a.request.id - b.request.id).slice(0, 15).forEach(({ request, reply }, i) => {
    const cells = rows[i].replace(/\s+/g, " ");
    const own = reply.body.txn.find(([f, k, v], n, list) => f === "r" && list.slice(0, n).some(w => w[0] === "w" && w[1] === k && w[2] === v));
    if (own) ownReads.push(`${i} r ${own[1]}=${own[2]}`);
    check(cells.includes(`${request.from} → ${request.to} `) &&
      cells.includes(reply.body.txn.map(([f, k, v]) => `${f} ${k}=${v}`).join(" ")), `txn: row ${i} is ${cells}`);
  });
  for (const text of ownReads) { // a read of the transaction's own write is never one of an older value
    const [i, ...words] = text.split(" "), row = page.locator("#history tbody tr").nth(+i);
    check(await row.locator(".operations button", { hasText: new RegExp(`^${words.join(" ")}$`) }).count() === 0, `txn: row ${text}`);
  }
  check(ownReads.length > 0, "txn: no row reads its own write");
  check(await page.locator("#history tbody tr").first().locator(".waterfall .arrival").count() === 5, "txn: when nodes received it");
  await page.locator("#history-order").selectOption("older");
  await page.locator("#history tbody tr").first().locator(".operations button").first().click();
  check(/^c\d+ read \d+=\w+ at n\d at [\d.]+ s, though /.test(await page.locator("#answer").innerText()), "txn: a read of an older value");
  await page.locator("#history-order").selectOption("time");
  await page.locator("#history-node").selectOption("2");
  check((await rowsOf(page)).every(text => text.includes("→ n2")), "txn: the rows of n2");
  await page.context().close();

  // Messages of these nodes do not show their transactions.
  const half = await open("half"), offers = await half.locator("#errors button.ask").allInnerTexts();
  check(offers.some(text => /^who has \d+=\d+\?$/.test(text)) && !offers.some(text => text.includes("lack")), `half: it suggests ${offers}`);
  check(!await half.locator("#heat").isVisible() && (await rowsOf(half)).length === 15, "half: it shows what is unknown");
  check((await asks(half)(offers.find(text => text.startsWith("who has")))).startsWith("Messages of these nodes do not show"), "half: who has it");
  await half.context().close();
}

// ---- 100,000 messages ----
async function checkSpeed() {
  const began = performance.now(), page = await open("large"), loaded = performance.now() - began;
  await checkCanvases(page, "large", ["heat", "messages", "bytes", "latency", "curve"]);
  const figures = await page.evaluate(async () => {
    const { diagram, model } = report, times = [];
    const draw = diagram.draw.bind(diagram);
    diagram.draw = () => {
      const from = performance.now();
      draw();
      times.push(performance.now() - from);
    };
    diagram.setWindow(0, model.end_at);
    const frame = () => new Promise(requestAnimationFrame);
    for (let i = 0; i < 60; i++) { // zoom in, pan, zoom out
      if (i < 25) diagram.zoom(.8, model.end_at / 3); else if (i < 35) diagram.pan(.1); else diagram.zoom(1.25);
      await frame();
      await frame();
    }
    times.sort((a, b) => a - b);
    return { count: model.nodeMessages, frames: times.length, median: times[times.length >> 1],
      most: times[times.length - 1] };
  });
  check(figures.count >= 90000, `only ${figures.count} messages`);
  check(figures.frames >= 55, `only ${figures.frames} frames`);
  check(figures.median < 250, `a frame takes ${figures.median} ms`);
  console.log(`${figures.count} messages: read and drawn in ${(loaded / 1000).toFixed(1)} s, a frame of ` +
    `zooming in ${figures.median.toFixed(1)} ms (median), ${figures.most.toFixed(1)} ms (most)`);
  await page.context().close();
}

// Messages to and from services are listed by service, and can be inspected.
async function checkServices() {
  for (const [name, service, types] of [["kept", "seq-kv", ["write", "write_ok", "read", "read_ok", "cas", "cas_ok"]],
    ["trips", "lin-kv", ["write", "write_ok", "read", "read_ok"]]]) {
    const page = await open(name), events = traceOf(name);
    const seen = await page.evaluate(() => {
      const { model } = report, { copies } = model, texts = new Set();
      for (let c = 0; c < copies.at.length; c++) {
        showSelected(model, c, model.to[copies.message[c]], copies.until[c]);
        texts.add(byId("inspector").querySelector("h3").textContent.replace(/n\d/, "n"));
      }
      return { between: model.nodeMessages, types: model.types, texts: [...texts],
        ended: copies.outcome.filter(o => o === Outcome.DELIVERED).length,
        verdict: byId("verdict").textContent };
    });
    const of = kind => events.filter(e => e.kind === kind).length;
    check(seen.verdict.startsWith("Valid"), `${name}: the verdict is ${seen.verdict}`);
    check(seen.between === of("send") && seen.ended === of("deliver"), `${name}: ${seen.between}, ${seen.ended} messages`);
    for (const type of types) check(seen.types.includes(`${service} ${type}`), `${name}: ${type} is not in ${seen.types}`);
    for (const text of [`${service} read: n → ${service}`, `${service} read_ok: ${service} → n`])
      check(seen.texts.includes(text), `${name}: "${text}" is not in ${seen.texts.join(", ")}`);
    await checkCanvases(page, name, ["messages", "bytes", "diagram"]);
    await page.context().close();
  }
}

try {
  await checkLooks();
  await checkLabels();
  await checkContrast();
  await checkPhone();
  await checkFailures();
  await checkVerdicts();
  await checkBound();
  await checkModel();
  await checkServices();
  await checkDiagram();
  await checkWhy();
  await checkWhyCounter();
  await checkLogs();
  await checkTransactions();
  await checkSpeed();
} catch (error) {
  check(false, error.stack);
}
await browser.close();
console.log(failures === 0 ? `all of ${checks} checks passed` : `${failures} of ${checks} checks failed`);
process.exit(failures === 0 ? 0 : 1);
