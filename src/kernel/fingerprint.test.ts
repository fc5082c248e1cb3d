// A changed text has another fingerprint, wherever it was changed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fingerprint } from "./fingerprint.ts";

test("texts that differ in one place differ in their fingerprint", () => {
  const text = JSON.stringify({ services: { web: { command: "node web.js", port: 8_080 } } });
  const seen = new Set([fingerprint(text), fingerprint(""), fingerprint("\0")]);
  for (let i = 0; i < text.length; i++) {
    seen.add(fingerprint(`${text.slice(0, i)}x${text.slice(i + 1)}`));
    seen.add(fingerprint(text.slice(0, i) + text.slice(i + 1)));
  }
  // The same letter taken out beside its like gives the same text.
  const doubles = [...text].filter((letter, i) => letter === text[i + 1]).length;
  assert.equal(seen.size, 3 + 2 * text.length - doubles - (text.includes("x") ? 1 : 0));
  assert.match(fingerprint(text), /^[0-9a-f]{16}$/);
});
