// How an end is told in words and as a code.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ended } from "../platforms/platform.ts";
import { type Aftermath, exitData, exitText } from "./exit.ts";

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
  assert.match(
    exitData(unknown, crashed, 5, []).text,
    /not known: the process that had started it/,
  );
  const asked = exitData(unknown, stopped, 5.6, []);
  assert.deepEqual(
    [asked.text, asked.stopped, asked.uptimeMs],
    ["ended as it was told to", true, 6],
  );
  assert.equal("stopped" in exitData(unknown, crashed, 5, []), false);
});

const killed: Ended = { code: null, signal: "SIGKILL", known: true };
const coded = (code: number): Ended => ({ code, signal: null, known: true });
const by = (signal: string): Ended => ({ code: null, signal, known: true });
const memory = { rssBytes: 480 * 1_048_576, ofBytes: 512 * 1_048_576 };
const report = ["FATAL ERROR: v8::x"];
const busy = ["Error: listen EADDRINUSE: address already in use :::80"];
const portHolder = (port: number): string | undefined =>
  port === 80 ? "process 7 (nginx)" : undefined;

const told: readonly (readonly [Ended, readonly string[], Aftermath, string])[] = [
  [killed, [], { outOfMemory: "the kernel ended it" }, "killed by SIGKILL: the kernel ended it"],
  [
    killed,
    [],
    { memory },
    "killed by SIGKILL from outside, perhaps for want of memory: RSS was 480 of 512 MiB",
  ],
  [
    killed,
    report,
    { memory, outOfMemory: false },
    "killed by SIGKILL from outside, not for want of memory: RSS was 480 of 512 MiB",
  ],
  [by("SIGSEGV"), [], {}, "killed by SIGSEGV (it touched memory that is not its own)"],
  [
    by("SIGABRT"),
    report,
    { coreFile: "/srv/core.7" },
    "killed by SIGABRT: fatal error of Node: v8::x; core dumped to /srv/core.7",
  ],
  [by("SIGTERM"), report, {}, "killed by SIGTERM (told to end by another process)"],
  [by("SIGUSR2"), [], {}, "killed by SIGUSR2"],
  [coded(0), report, {}, "exit code 0"],
  [coded(1), [], {}, "exit code 1 (uncaught error or general failure)"],
  [coded(1), busy, {}, "exit code 1: port 80 is in use"],
  [coded(1), busy, { portHolder }, "exit code 1: port 80 is in use by process 7 (nginx)"],
  [
    coded(1),
    ["OSError: [Errno 98] Address already in use"],
    { portHolder, ownPort: 80 },
    "exit code 1: port 80 is in use by process 7 (nginx)",
  ],
];

for (const [ended, lines, aftermath, text] of told) {
  test(`it is told as: ${text}`, () => assert.equal(exitText(ended, lines, aftermath), text));
}

test("who was told to end is not explained, and only the last 20 lines are kept", () => {
  const lines = Array.from({ length: 60 }, (_, i) => `line ${i}`);
  const exit = exitData(by("SIGKILL"), stopped, 5, lines, { memory });
  assert.equal(exit.text, "killed by SIGKILL");
  assert.deepEqual([exit.lastLines.length, exit.lastLines[0]], [20, "line 40"]);
});
