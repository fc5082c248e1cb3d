// What the daemon adds to routes at the moment of a push.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../kernel/log.ts";
import type { Route } from "../protocol/gateway.ts";
import type { Fault } from "../protocol/gateway-features.ts";
import { faultTeller, withTerms } from "./route-terms.ts";

const fault: Fault = {
  ...{ match: {}, share: 1, delayMs: 5, jitterMs: 0, forMs: 100_000, untilAtMs: 0 },
};
const route: Route = {
  ...{ service: "web", host: "127.0.0.1", port: 80, upstreams: [], holdMs: 1, timeoutMs: 1 },
};
const terms = (nowMs: number) => ({ beganAtMs: 1_000, nowMs, logFile: "/state/logs/gateway.log" });

function untilOf(nowMs: number): number | undefined {
  const [found] = withTerms([{ ...route, faults: [fault] }], terms(nowMs));
  return found?.faults?.[0]?.untilAtMs;
}

test("a fault has a term that moves in steps, and none beyond its own end", () => {
  assert.equal(untilOf(1_000), 60_000);
  assert.equal(untilOf(19_999), 60_000);
  assert.equal(untilOf(20_000), 80_000);
  assert.equal(untilOf(60_000), 101_000);
  assert.equal(untilOf(100_999), 101_000);
  assert.equal(untilOf(101_000), undefined);
});

test("routes without faults are the same at every moment", () => {
  assert.deepEqual(withTerms([route], terms(1)), [route]);
  const logged = { ...route, accessLog: { file: "", sample: 1, errors: true, query: false } };
  const [found] = withTerms([logged], terms(1));
  assert.equal(found?.accessLog?.file, "/state/logs/web.access.log");
  assert.deepEqual(withTerms([logged], terms(99_999)), [found]);
  const own = { ...logged, accessLog: { ...logged.accessLog, file: "/a.log" } };
  assert.deepEqual(withTerms([own], terms(1)), [own]);
});

test("people are told once who has faults, and that there are none any more", () => {
  const said: string[] = [];
  const write = ({ level }: { level: string }): void => void said.push(level);
  const tell = faultTeller(createLog({ level: "info", wall: () => 0, write }));
  tell([route]);
  assert.deepEqual(said, []);
  for (let i = 0; i < 3; i++) tell([{ ...route, faults: [{ ...fault, untilAtMs: i }] }]);
  assert.deepEqual(said, ["warn"]);
  tell([{ ...route, faults: [] }]);
  assert.deepEqual(said, ["warn", "info"]);
});
