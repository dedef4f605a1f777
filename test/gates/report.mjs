// SPDX-License-Identifier: MIT
// Reads the reports in a directory as a person would, in a headless Chromium; see report.sh.
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

// Opens a report; whatever it says to the console or asks of the network is wrong.
async function open(name, colorScheme = "light", width = 1400) {
  const context = await browser.newContext({ viewport: { width, height: 1000 }, colorScheme });
  const page = await context.newPage();
  const url = pathToFileURL(`${directory}/${name}.html`).href;
  page.on("console", message => check(false, `${name}: the console says ${message.text()}`));
  page.on("pageerror", error => check(false, `${name}: ${error.stack}`));
  page.on("request", request => check(request.url() === url, `${name}: asks for ${request.url()}`));
  await page.goto(url);
  await page.waitForFunction(() => document.getElementById("status").textContent !== "");
  return page;
}

// What a canvas shows: how many colours, and how many pixels of each that is asked for by its name
// in the style sheet, or next to it.
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

// ---- What is drawn, in both colour schemes ----
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
    check(heat.named.heat3 > 10, `${scheme}: nowhere is the heat map as its legend's end`);
    check(heat.named.heat0 > 1000, `${scheme}: nowhere does a node lack nothing`);
    const tones = await page.evaluate(() => {
      const tone = colour => {
        const [r, g, b] = colour.match(/\d+/g).map(c => {
          const s = c / 255;
          return s <= .04045 ? s / 12.92 : ((s + .055) / 1.055) ** 2.4;
        });
        return .2126 * r + .7152 * g + .0722 * b;
      };
      const of = (id, what) => tone(getComputedStyle(document.querySelector(id))[what]);
      return { page: of("body", "backgroundColor"), ink: of("body", "color"),
        card: of("section", "backgroundColor"), soft: of(".hint", "color") };
    });
    const contrast = (a, b) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    check(contrast(tones.page, tones.ink) > 7, `${scheme}: text is hard to read`);
    check(contrast(tones.card, tones.soft) > 4.5, `${scheme}: hints are hard to read`);
    luminance[scheme] = tones.page;
    await page.context().close();
  }
  check(luminance.light > .8 && luminance.dark < .1, "light is not light, or dark not dark");
  const narrow = await open("storm", "light", 480);
  check(await narrow.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
    "a narrow page has to be scrolled sideways");
  await narrow.context().close();
}

// ---- What the page makes of the events, against the trace ----
const traceOf = name => readFileSync(`${directory}/${name}.jsonl`, "utf8").trim().split("\n")
  .map(line => JSON.parse(line));

async function checkModel() {
  for (const name of ["storm", "counter", "lives", "echo", "process", "counters"]) {
    const events = traceOf(name), page = await open(name);
    const of = kind => events.filter(e => e.kind === kind).length;
    const seen = await page.evaluate(() => ({
      between: report.model.between, copies: report.model.copies.at.length,
      dropped: report.model.copies.outcome.filter(o => o >= Outcome.CUT).length,
      faults: report.model.faults.length, learnt: report.model.learnt.at.length,
      lacksAtEnd: Math.max(0, ...(report.model.lacks || []).slice(-report.model.nodes)),
      verdict: document.getElementById("verdict").textContent,
      title: document.getElementById("title").textContent,
    }));
    check(seen.between === of("send"), `${name}: ${seen.between} messages`);
    check(seen.copies === of("send") + of("request") + of("duplicate"), `${name}: copies`);
    check(seen.dropped === of("drop"), `${name}: ${seen.dropped} dropped`);
    check(seen.faults === of("begin"), `${name}: ${seen.faults} faults`);
    check((seen.learnt > 0) === (name !== "echo"), `${name}: ${seen.learnt} learnt`);
    check(seen.lacksAtEnd === 0, `${name}: in the end a node lacks ${seen.lacksAtEnd}`);
    check(seen.verdict.startsWith("Valid"), `${name}: the verdict is ${seen.verdict}`);
    check(seen.title.includes("nodes"), `${name}: the title is ${seen.title}`);
    await checkCanvases(page, name, ["messages", "bytes"]);
    await page.context().close();
  }
}

// ---- Hands on ----
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
  check(/knows\s+\d+ of \d+ values/.test(await inspector()), "the node's state is not shown");
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
  check((await page.locator("#status").innerText()).includes("activity"), "too many lines");
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
  // By keyboard alone, everything can be reached.
  await page.locator("#question").focus();
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(() => document.activeElement.id) === "diagram") break;
  }
  check(await page.evaluate(() => document.activeElement.id) === "diagram",
    "the diagram cannot be reached by keyboard");
  await page.context().close();
}

// A value that a node lacked for long, since a message that brought it was dropped: out of the
// trace, and not by the page's own reckoning.
function dropped(events, why) {
  const sends = new Map(events.filter(e => e.kind === "send").map(e => [e.id, e])), learnt = new Map();
  for (const e of events) {
    if (e.kind === "crash") learnt.set(e.node, null); // keep to nodes that forget nothing
    if (e.kind !== "learn" || learnt.get(e.node) === null) continue;
    if (!learnt.has(e.node)) learnt.set(e.node, new Map());
    for (const value of e.values) learnt.get(e.node).set(value, e);
  }
  for (const e of events) {
    if (e.kind !== "drop" || e.why !== why || !sends.has(e.id) || !learnt.get(e.to)) continue;
    const send = sends.get(e.id);
    for (const run of send.body.entries || []) {
      for (const value of run.set || []) {
        const came = learnt.get(e.to).get(value);
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
    check(answer.includes(`${send.from} told ${node} at ${send.t.toFixed(3)} s, dropped: ${texts[why]}`),
      `${node}, ${value}: the dropped message is not told: ${answer}`);
    const teller = events.find(e => e.kind === "send" && e.id === came.id);
    check(answer.includes(`${teller.from} told ${node} at ${came.t.toFixed(3)} s`),
      `${node}, ${value}: who told it is not told: ${answer}`);
    check(answer.includes("a client gave it to"), `${node}, ${value}: no beginning: ${answer}`);
    await page.locator("#answer li.dropped button").first().click();
    check((await page.locator("#inspector").innerText()).includes("dropped:"),
      "a click in the answer does not lead to the message");
    const before = (came.t - .001).toFixed(4);
    check((await ask(`why does ${node} lack ${value} at ${before}s?`)).includes("until"), "at a time");
    check((await ask(`why does ${node} lack ${value} at ${came.t + 1}s`)).includes("does not lack"),
      "it does lack what it has");
  }
  check((await ask("who has 5?")).startsWith("All 25 nodes have 5"), "who has 5?");
  check((await ask("why does n7 lack 999999?")).includes("Nobody ever had"), "a value there is not");
  check((await ask("why does n77 lack 5?")).includes("There is no n77"), "a node there is not");
  check((await ask("what is this?")).includes("Ask, for instance"), "no question at all");
  await page.getByRole("button", { name: "what took longest" }).click();
  check(/lacked \d+ for [\d.]+ s/.test(await page.locator("#answer").innerText()), "the slowest");
  await page.context().close();
}

// The entry of a counter, as the page calls it if its node has lived once.
const entryOf = ([[node, , sign], count]) => node + sign + count;

// The same of a counter: an entry's count that a node lacked for long.
function droppedCount(events) {
  for (const e of events) {
    if (e.kind !== "drop" || e.why !== "cut") continue;
    const send = events.find(s => s.kind === "send" && s.id === e.id);
    for (const entry of (send ? send.body.entries || [] : []).flatMap(run => run.counter || [])) {
      const holds = other => String(other[0]) === String(entry[0]) && other[1] >= entry[1];
      const came = events.find(l => l.kind === "learn" && l.node === e.to && l.values.some(holds));
      if (came && came.t > e.t + .5) return { entry, node: e.to, send, came, told: came.values.find(holds) };
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
  const { entry, node, send, came, told } = found, name = entryOf(entry), [owner] = entry[0];
  const answer = await ask(page, `why does ${node} lack ${name}?`);
  for (const text of [`${node} lacked ${name} for`, `until ${came.t.toFixed(3)} s`, "a client gave it to " + owner,
    `${send.from} told ${node} ${name} at ${send.t.toFixed(3)} s, dropped: a partition cut it off`,
    `told ${node} ${entryOf(told)} at ${came.t.toFixed(3)} s`, `${entry[1]} ${entry[0][2] === "+" ? "added" : "taken away"} at`]) {
    check(answer.includes(text), `${node}, ${name}: "${text}" is missing: ${answer}`);
  }
  check(answer.includes(`${node} had nothing of that entry`) || answer.includes(`${node} had ${owner}`),
    `${node}, ${name}: what it had meanwhile is not told: ${answer}`);
  await page.locator("#answer li.dropped button").first().click();
  const inspector = await page.locator("#inspector").innerText();
  check(inspector.includes("dropped:") && /reads\s+-?\d+ of -?\d+/.test(inspector), "what was dropped");
  check(inspector.includes(name), "what the receiver lacks is not told");
  check((await ask(page, `why does ${node}'s read miss ${owner}'s latest ${entry[0][2] === "+" ? "additions" : "subtractions"}?`)).includes("lacked " + owner),
    "a question in words");
  check((await ask(page, `who has ${name}?`)).startsWith("All 9 nodes have " + name), "who has it?");
  check((await ask(page, `why does ${node} lack ${owner}+999999`)).includes("Nobody ever had"), "no such count");
  await page.getByRole("button", { name: "what took longest" }).click();
  check(/lacked n\d[+-]\d+ for [\d.]+ s/.test(await page.locator("#answer").innerText()), "the slowest");
  await checkCanvases(page, "counter", ["heat", "latency", "curve"]);
  await page.context().close();

  // Crashes with a disk and without, and additions that were known when they were on the disk.
  const lives = await open("lives");
  const anew = await ask(lives, "why does n0 lack n1/2+?");
  check(anew.includes("a client gave it to n1") && anew.includes("in life 2"), `a second life: ${anew}`);
  const kept = await ask(lives, "why does n2 lack n0+ at 5.001s?");
  check(kept.includes("n2 had it on its disk, and knew it at 5.000 s"), `from the disk: ${kept}`);
  const additions = await lives.evaluate(() => {
    const { model } = report, { node, value, count, message } = model.learnt;
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
  check((await echo.locator("#ask-section").innerText()).includes("keep nothing"), "echo: nothing can lack");
  check(!await echo.locator("#question").isVisible(), "echo: a question nobody can answer");
  await echo.context().close();
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
    for (let i = 0; i < 60; i++) { // in, along, and out again
      if (i < 25) diagram.zoom(.8, model.end_at / 3); else if (i < 35) diagram.pan(.1); else diagram.zoom(1.25);
      await frame();
      await frame();
    }
    times.sort((a, b) => a - b);
    return { count: model.between, frames: times.length, median: times[times.length >> 1],
      most: times[times.length - 1] };
  });
  check(figures.count >= 100000, `only ${figures.count} messages`);
  check(figures.frames >= 55, `only ${figures.frames} frames`);
  check(figures.median < 250, `a frame takes ${figures.median} ms`);
  console.log(`${figures.count} messages: read and drawn in ${(loaded / 1000).toFixed(1)} s, a frame of ` +
    `zooming in ${figures.median.toFixed(1)} ms (median), ${figures.most.toFixed(1)} ms (most)`);
  await page.context().close();
}

try {
  await checkLooks();
  await checkModel();
  await checkDiagram();
  await checkWhy();
  await checkWhyCounter();
  await checkSpeed();
} catch (error) {
  check(false, error.stack);
}
await browser.close();
console.log(failures === 0 ? `all of ${checks} checks passed` : `${failures} of ${checks} checks failed`);
process.exit(failures === 0 ? 0 : 1);
