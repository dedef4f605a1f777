// SPDX-License-Identifier: MIT
// Makes the picture of a report in README.md: picture.mjs REPORT.html PICTURE.png TEXT. The picture
// contains TEXT, which says what it was made from. The same page gives the same picture.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { deflateSync } from "node:zlib";
import { pathToFileURL } from "node:url";

const { chromium } = createRequire(process.env.DRIVER + "/")("playwright-core");
const [report, picture, text] = process.argv.slice(2);

// A chunk of a PNG: length, type, content, and the CRC of type and content.
function chunk(type, content) {
  const bytes = Buffer.concat([Buffer.from(type, "latin1"), typeof content === "string" ? Buffer.from(content, "latin1") : content]);
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
  }
  const out = Buffer.alloc(bytes.length + 8);
  out.writeUInt32BE(bytes.length - 4, 0);
  bytes.copy(out, 4);
  out.writeUInt32BE((crc ^ 0xffffffff) >>> 0, bytes.length + 4);
  return out;
}

// A PNG with a palette of 256 colours, which is a third of the size: the most frequent colours. Every
// other colour becomes the nearest of them.
function encode(width, height, rgba) {
  const counts = new Map(), coarse = (r, g, b) => r >> 3 << 10 | g >> 3 << 5 | b >> 3;
  for (let i = 0; i < rgba.length; i += 4) {
    const key = coarse(rgba[i], rgba[i + 1], rgba[i + 2]);
    if (!counts.has(key)) counts.set(key, [0, 0, 0, 0]);
    const sum = counts.get(key);
    for (let k = 0; k < 3; k++) sum[k] += rgba[i + k];
    sum[3]++;
  }
  const most = [...counts].sort((a, b) => b[1][3] - a[1][3] || a[0] - b[0]);
  const mean = ([r, g, b, n]) => [r, g, b].map(c => Math.round(c / n));
  const palette = most.slice(0, 256).map(([, sum]) => mean(sum)), index = new Map();
  for (const [key, sum] of most) {
    const away = palette.map(c => mean(sum).reduce((d, x, k) => d + (x - c[k]) ** 2, 0));
    index.set(key, away.indexOf(Math.min(...away)));
  }
  const rows = Buffer.alloc((width + 1) * height), head = Buffer.alloc(13);
  for (let i = 0, at = 0; i < rgba.length; i += 4) {
    if (i % (4 * width) === 0) rows[at++] = 0; // filter type 0: none
    rows[at++] = index.get(coarse(rgba[i], rgba[i + 1], rgba[i + 2]));
  }
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8); // 8 bits per pixel, colour type 3: palette
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", head), chunk("PLTE", Buffer.from(palette.flat())),
    chunk("tEXt", "Comment\0" + text), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", "")]);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-lcd-text", "--font-render-hinting=none", "--force-color-profile=srgb"],
});
const context = await browser.newContext({ viewport: { width: 1200, height: 1000 }, colorScheme: "light",
  locale: "en", timezoneId: "UTC", reducedMotion: "reduce" });
const page = await context.newPage();
await page.goto(pathToFileURL(report).href);
await page.waitForFunction(() => document.getElementById("answer").textContent !== "");
// Only parts of it: the answer to the first question, a dropped message, the first charts.
await page.evaluate(() => {
  for (const id of ["bytes", "latency", "curve"]) document.getElementById(id + "-figure").hidden = true;
  document.querySelector("#answer li.dropped button").click();
});
await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
const png = await page.screenshot({ fullPage: true, animations: "disabled", caret: "hide" });
const blank = await context.newPage(); // the report's own policy allows no images
const { width, height, pixels } = await blank.evaluate(async png => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = document.createElement("canvas"), { width, height } = image;
  canvas.width = width;
  canvas.height = height;
  const g = canvas.getContext("2d");
  g.drawImage(image, 0, 0);
  let pixels = "";
  const { data } = g.getImageData(0, 0, width, height);
  for (let at = 0; at < data.length; at += 4 << 10) pixels += String.fromCharCode(...data.subarray(at, at + (4 << 10)));
  return { width, height, pixels: btoa(pixels) };
}, png.toString("base64"));
await browser.close();
writeFileSync(picture, encode(width, height, Buffer.from(pixels, "base64")));
