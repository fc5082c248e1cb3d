// Listening to logs: lines are read once, too many are counted, and what is known outlives the daemon.
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLog } from "../kernel/log.ts";
import { type SimClock, simClock } from "../testing/sim-clock.ts";
import { createForwarder } from "./log-forward.ts";
import { type Listening, listenToLogs } from "./log-listen.ts";

interface Place {
  readonly folder: string;
  readonly clock: SimClock;
  readonly told: string[];
  listen(files?: readonly { file: string; service: string }[]): Listening;
}

function place(t: TestContext): Place {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-listen-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = simClock();
  const told: string[] = [];
  const write = ({ message }: { readonly message: string }): void => void told.push(message);
  const log = createLog({ level: "info", wall: clock.wall, write });
  const settings = { on: true, rate: 5, learnMs: 0, from: "warn", calmMs: 0 } as const;
  return {
    ...{ folder, clock, told },
    listen: (files = []) =>
      listenToLogs({
        ...{ stateFolder: folder, clock, log, files },
        settingsOf: (service) => ({ ...settings, on: service !== "mute" }),
        isKnown: (service) => service !== "gone",
      }),
  };
}

test("who listens hears each line once, also of a log that is not forwarded", async (t) => {
  const { folder, clock, listen } = place(t);
  const { ears, listenerOf } = listen();
  const stopped = new AbortController();
  const path = join(folder, "web-1.log");
  writeFileSync(path, "ERROR from before\n");
  const forwarder = createForwarder({
    ...{ folder, clock, sinks: [], sourceOf: () => undefined },
    log: createLog({ level: "error", wall: clock.wall, write: () => {} }),
    listenerOf: (name) => listenerOf(name.startsWith("web") ? "web" : "mute"),
  });
  const over = forwarder.run(stopped.signal);
  await clock.advance(1_000);
  appendFileSync(path, "ERROR a\nINFO b\n".repeat(2));
  writeFileSync(join(folder, "mute-1.log"), "ERROR c\n");
  await clock.advance(3_000);
  const { lines, cut } = ears.get("web")?.take(1_000) ?? {};
  assert.deepEqual([lines?.error, lines?.info, cut], [2, 2, 0]);
  assert.deepEqual([...ears.keys()], ["web"]);
  appendFileSync(path, "ERROR a\n".repeat(9));
  await clock.advance(1_000);
  const flood = ears.get("web")?.take(1_000);
  assert.deepEqual([flood?.lines.error, flood?.cut], [5, 4]);
  stopped.abort();
  await clock.advance(1_000);
  await over;
});

test("what is known is kept for the next daemon, but not of services that are gone", (t) => {
  const { folder, listen } = place(t);
  const first = listen();
  for (const service of ["web", "gone"]) first.listenerOf(service)?.line("ERROR a 7", true);
  first.ears.get("web")?.take(1_000);
  first.save(true);
  const next = listen();
  next.listenerOf("web")?.line("ERROR a 8", true);
  assert.equal(next.ears.get("web")?.take(1_000).freshCount, 0);
  next.save(true);
  const { services } = JSON.parse(readFileSync(join(folder, "log-templates.json"), "utf8"));
  assert.deepEqual(Object.keys(services), ["web"]);
});

test("it is written down once a minute, when there is something new", async (t) => {
  const { folder, clock, listen } = place(t);
  const it = listen();
  const file = join(folder, "log-templates.json");
  const size = (): number => readFileSync(file, "utf8").length;
  it.listenerOf("web")?.line("ERROR a", true);
  it.save(false);
  assert.throws(size, /ENOENT/);
  await clock.advance(60_000);
  it.save(false);
  const before = size();
  it.listenerOf("web")?.line("ERROR b", true);
  await clock.advance(59_000);
  it.save(false);
  assert.equal(size(), before);
  await clock.advance(1_000);
  it.save(false);
  assert.ok(size() > before);
});

test("a file that is not whole is told, and all is learnt anew", (t) => {
  for (const bad of ["{", '{"version":9}', '{"version":1,"services":{"web":{"heardMs":1}}}']) {
    const { folder, told, listen } = place(t);
    writeFileSync(join(folder, "log-templates.json"), bad);
    const it = listen();
    it.listenerOf("web")?.line("ERROR a", true);
    assert.equal(it.ears.get("web")?.take(1_000).freshCount, 1);
    assert.deepEqual(told, ["what is known of log lines cannot be read: it is learnt anew"]);
  }
});

test("a file of others that cannot be read is told once, and again when it can", (t) => {
  const { folder, told, listen } = place(t);
  const it = listen([{ file: folder, service: "web" }]);
  it.look();
  it.look();
  assert.deepEqual(told, ["a log is not read"]);
  it.close();
});
