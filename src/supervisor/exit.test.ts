// How an end is told in words and as a code.
import assert from "node:assert/strict";
import { test } from "node:test";
import { exitData } from "./exit.ts";

const crashed = { expected: false, stopped: false };
const stopped = { expected: true, stopped: true };

test("codes and signals become words, and a signal a code as a shell tells it", () => {
  const text = (code: number | null, signal: string | null): string =>
    exitData({ code, signal, known: true }, crashed, 5, []).text;
  assert.equal(text(78, null), "exit code 78 (configuration error)");
  assert.equal(text(3, null), "exit code 3");
  assert.equal(text(null, "SIGKILL"), "killed by SIGKILL");
  assert.equal(text(null, null), "it never ran");
  assert.equal(exitData({ code: null, signal: "SIGTERM", known: true }, stopped, 5, []).code, 143);
});

test("an end of a process that an earlier daemon started has no code, and is told for what it is", () => {
  const unknown = { code: null, signal: null, known: false };
  assert.match(exitData(unknown, crashed, 5, []).text, /not known: an earlier daemon/);
  const asked = exitData(unknown, stopped, 5.6, []);
  assert.deepEqual(
    [asked.text, asked.stopped, asked.uptimeMs],
    ["ended as it was told to", true, 6],
  );
  assert.equal("stopped" in exitData(unknown, crashed, 5, []), false);
});
