// Following logs for others: nothing twice, nothing missed, chatty ones cut, and on after a restart.
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { silentLog } from "../kernel/log.ts";
import { writeRecord } from "../platforms/log/record.ts";
import { type SimClock, simClock } from "../testing/sim-clock.ts";
import { createForwarder } from "./log-forward.ts";
import type { ForwardLine } from "./log-sinks.ts";
import { partsOf } from "./logs.ts";

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function place(): { readonly folder: string; readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-forward-"));
  folders.push(folder);
  return { folder, path: join(folder, "web-1.log") };
}

interface Running {
  readonly got: ForwardLine[];
  readonly texts: () => readonly string[];
  readonly clock: SimClock;
  end(): Promise<void>;
}

function run(folder: string, rate = 1_000): Running {
  const clock = simClock();
  const got: ForwardLine[] = [];
  const sink = {
    name: "test",
    dropped: 0,
    close: async () => {},
    send: (it: ForwardLine) => void got.push(it),
  };
  const sourceOf = (name: string) =>
    name === "gateway.log" ? undefined : { ...partsOf(name), rate };
  const stopped = new AbortController();
  const forwarder = createForwarder({ folder, clock, log: silentLog, sinks: [sink], sourceOf });
  const over = forwarder.run(stopped.signal);
  return {
    got,
    clock,
    texts: () => got.map(({ text }) => text),
    end: async () => {
      stopped.abort();
      await clock.advance(300);
      await over;
    },
  };
}

test("what comes is forwarded whole, once, without secrets, with what it says of itself", async () => {
  const { folder, path } = place();
  writeFileSync(path, "from before\n");
  writeFileSync(join(folder, "gateway.log"), "");
  const it = run(folder);
  await it.clock.advance(300);
  appendFileSync(path, 'one\n{"level":"error","msg":"two","token":"abc"}\nthr');
  appendFileSync(join(folder, "gateway.log"), "not this\n");
  await it.clock.advance(300);
  appendFileSync(path, "ee\n\x1b[31mred\x1b[0m\n");
  writeFileSync(join(folder, "api.log"), "a log that came later\n");
  await it.clock.advance(600);
  const json = '{"level":"error","msg":"two","token":"***"}';
  assert.deepEqual(
    it.texts().toSorted(),
    ["a log that came later", "one", "red", "three", json].toSorted(),
  );
  const [, two] = it.got;
  assert.deepEqual(
    [two?.service, two?.instance, two?.level, two?.fields],
    ["web", "1", "error", { token: "***" }],
  );
  appendFileSync(path, "last words\n");
  await it.end();
  assert.equal(it.texts().at(-1), "last words");
});

test("what is said before the first turn is new, even in a log that is new too", async () => {
  const { folder, path } = place();
  writeFileSync(path, "from before\n");
  const it = run(folder);
  appendFileSync(path, "at once\n");
  writeFileSync(join(folder, "mute-1.log"), "its only line\n");
  await it.clock.advance(300);
  assert.deepEqual(it.texts().toSorted(), ["at once", "its only line"]);
  await it.end();
});

test("more than the rate is cut, and its count is one line", async () => {
  const { folder, path } = place();
  writeFileSync(path, "");
  const it = run(folder, 10);
  await it.clock.advance(300);
  appendFileSync(path, "x\n".repeat(5_000));
  await it.clock.advance(2_000);
  assert.equal(it.got.length, 11);
  assert.equal(it.texts().at(-1), "… 4990 lines cut: more than 10 a second");
  await it.end();
});

test("the next daemon goes on where the last one was, and what it missed is not called chatty", async () => {
  const { folder, path } = place();
  writeFileSync(path, "");
  const first = run(folder, 10);
  await first.clock.advance(300);
  appendFileSync(path, "a\nb\n");
  await first.clock.advance(300);
  await first.end();
  appendFileSync(path, Array.from({ length: 500 }, (_, i) => `missed ${i}\n`).join(""));
  const second = run(folder, 10);
  await second.clock.advance(600);
  assert.deepEqual(first.texts(), ["a", "b"]);
  assert.equal(second.got.length, 500);
  assert.equal(second.texts()[499], "missed 499");
  await second.end();
});

test("what was rotated away before it could be read is counted", async () => {
  const { folder, path } = place();
  writeFileSync(path, "");
  const it = run(folder);
  await it.clock.advance(300);
  appendFileSync(path, `${"x".repeat(99)}\n`.repeat(10));
  writeRecord(path, { inode: statSync(path).ino, base: 0, start: 900, freed: 900 });
  await it.clock.advance(600);
  assert.deepEqual(it.texts(), [
    "x".repeat(99),
    "… 900 bytes cut: they came faster than they can be read",
  ]);
  await it.end();
});
