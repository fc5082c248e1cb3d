// What a config may say about sd_notify: a word or a time, something that hears it, a path that fits.
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import type { Powers } from "../platforms/powers.ts";
import { checkNotify } from "./check-sd-notify.ts";

const powers = (...programs: readonly string[]): Powers =>
  ({ hasProgram: (name: string) => programs.includes(name) }) as Powers;

function told(probes: object, has = powers("perl"), folder = tmpdir()): readonly string[] {
  const where = { folder, env: {}, powers: has };
  return checkNotify({ probes, replicas: 2 }, ["services", "web"], where).map(
    ({ at, expected, got }) => `${at.slice(2).join(".")}: expected ${expected}, got ${got}`,
  );
}

const ready = { readiness: { notify: true } };

test("startup and readiness take a word, liveness a time", () => {
  assert.deepEqual(told({ ...ready, liveness: { notify: { watchdog: "10s" } } }), []);
  assert.deepEqual(told({ startup: { http: "/" } }, powers()), []);
  assert.deepEqual(told({ liveness: { notify: true }, startup: { notify: { watchdog: "1s" } } }), [
    "probes.startup.notify: expected true, got settings (watchdog)",
    'probes.liveness.notify: expected settings such as { watchdog: "10s" }, got true',
  ]);
});

test("who hears it is named with its package when it is missing", () => {
  assert.deepEqual(told(ready, powers("python3")), []);
  assert.deepEqual(told(ready, powers("ruby")), [
    "probes.readiness.notify: expected perl (package perl-base) or python3 (package python3) on the PATH of the daemon, got neither",
  ]);
});

test("a path that no socket can have is told", () => {
  const [only = ""] = told(ready, powers("perl"), `/tmp/${"x".repeat(90)}`);
  assert.match(only, /a shorter path: that of a socket has 107 bytes, got 1\d\d bytes/);
});
