// How a stack is written down: paths, limits, and who is named as the culprit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { culprit, frameLines } from "./capture-frames.ts";
import type { Frame } from "./inspector-session.ts";

const cwd = "/srv/shop";
const at = (functionName: string, url: string, line = 12, column = 5): Frame => ({
  functionName,
  url,
  line,
  column,
});

const own = at("resizeThumbnail", "file:///srv/shop/services/thumbnails.ts");
const timer = at("listOnTimeout", "node:internal/timers", 605, 17);
const json = at("readSync", "node:fs", 700, 1);

test("paths are told from the folder that the process runs in", () => {
  const outside = at("shared", "file:///srv/lib/a%20b.js");
  const sibling = at("near", "file:///srv/shop2/a.js");
  const common = at("load", "/srv/shop/index.cjs");
  assert.deepEqual(frameLines([own, outside, sibling, common, timer], cwd), [
    "at resizeThumbnail (services/thumbnails.ts:12:5)",
    "at shared (/srv/lib/a b.js:12:5)",
    "at near (/srv/shop2/a.js:12:5)",
    "at load (index.cjs:12:5)",
    "at listOnTimeout (node:internal/timers:605:17)",
  ]);
  assert.deepEqual(frameLines([own], undefined), [
    "at resizeThumbnail (/srv/shop/services/thumbnails.ts:12:5)",
  ]);
});

test("code without a name or a file is still told", () => {
  assert.deepEqual(frameLines([at("", own.url), at("", ""), at("f", "file://%zz")], cwd), [
    "at services/thumbnails.ts:12:5",
    "at (no file):12:5",
    "at f (file://%zz:12:5)",
  ]);
});

test("thirty lines are kept, the last one counts the rest", () => {
  const frames = Array.from({ length: 100 }, () => own);
  const lines = frameLines(frames, cwd);
  assert.equal(lines.length, 30);
  assert.equal(lines.at(-1), "… and 71 more");
  assert.equal(frameLines(frames.slice(0, 30), cwd).at(-1), lines[0]);
});

test("the culprit is the innermost code that is not Node's own", () => {
  assert.equal(culprit([json, own, timer], cwd), "in resizeThumbnail (services/thumbnails.ts:12)");
  assert.equal(culprit([at("", own.url)], cwd), "at services/thumbnails.ts:12");
  assert.equal(culprit([timer], cwd), "in listOnTimeout (node:internal/timers:605)");
  assert.equal(culprit([], cwd), "outside JavaScript");
});

test("WebAssembly that nobody's code has called is Node's own", () => {
  const wasm = at("wasm-function[17]", "wasm://wasm/003ed3ca", 1, 90_210);
  const strip = at("processTypeScriptCode", "node:internal/modules/typescript", 130);
  assert.equal(
    culprit([wasm, wasm, strip, timer], cwd),
    "in processTypeScriptCode (node:internal/modules/typescript:130)",
  );
  assert.equal(
    culprit([wasm, own, timer], cwd),
    "in wasm-function[17] (wasm://wasm/003ed3ca:1), called in resizeThumbnail (services/thumbnails.ts:12)",
  );
  assert.equal(culprit([wasm], cwd), "in wasm-function[17] (wasm://wasm/003ed3ca:1)");
});

test("a package is named together with the own code that called it", () => {
  const hash = at("hashSync", "file:///srv/shop/node_modules/bcryptjs/index.js", 3);
  assert.equal(
    culprit([hash, hash, own, timer], cwd),
    "in hashSync (node_modules/bcryptjs/index.js:3), called in resizeThumbnail (services/thumbnails.ts:12)",
  );
  assert.equal(culprit([hash, timer], cwd), "in hashSync (node_modules/bcryptjs/index.js:3)");
});
