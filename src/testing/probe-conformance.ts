// What every probe must keep to: sick is a value, an abort is "no answer", nothing is left behind.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, type TestContext } from "node:test";
import { type Clock, deadline, systemClock } from "../kernel/clock.ts";
import { HomeostatError } from "../kernel/errors.ts";
import { silentLog } from "../kernel/log.ts";
import { metrics, type Reading } from "../model/reading.ts";
import type { Probe, ProbeTarget } from "../probes/probe.ts";
import { within } from "./waiting.ts";

/** One probe, and instances in the states it must tell apart. */
export interface ProbeUnderTest {
  readonly probe: Probe;
  readonly healthy: ProbeTarget;
  readonly sick: ProbeTarget;
  /** It takes the question and never answers; absent for a kind that cannot meet one. */
  readonly silent?: ProbeTarget;
  /** A probe that cannot ask at all, which says nothing about the instance. */
  readonly broken: { readonly probe: Probe; readonly of: ProbeTarget };
  readonly cleanup: () => void | Promise<void>;
}

/** Registers the tests with node:test. */
export function probeConformance(name: string, make: () => Promise<ProbeUnderTest>): void {
  describe(`${name} keeps to the probe contract`, () => {
    let made: ProbeUnderTest;
    beforeEach(async () => {
      made = await make();
    });
    afterEach(() => made.cleanup());

    it("answers 1 and a latency for a healthy instance", () => tellsHealthy(made));
    it("answers 0 and why for a sick one", () => tellsSick(made));
    it("answers that it had no answer when its time is over", (t) => tellsSilent(t, made));
    it("answers at once when its time is over before it begins", () => tellsOver(made));
    it("throws when the probe itself is broken", () => throwsBroken(made));
    it("can be asked many times at once", () => isShared(made));
    it("leaves no listener on the signal", () => leavesNothing(made));
    it("measures time by the clock it is given", () => usesClock(made));
  });
}

const has = (readings: readonly Reading[], name: string): Reading | undefined =>
  readings.find(({ metric }) => metric === name);

async function ask(
  probe: Probe,
  of: ProbeTarget,
  ms = 5_000,
  clock: Clock = systemClock,
): Promise<readonly Reading[]> {
  const { signal, done } = deadline(systemClock, ms);
  try {
    return await within(10_000, probe.check(of, { signal, clock, log: silentLog }));
  } finally {
    done();
  }
}

function isWellFormed(readings: readonly Reading[], of: ProbeTarget): void {
  const value = has(readings, metrics.probe.name)?.value;
  assert.ok(value === 0 || value === 1, "there is one probe reading of 0 or 1");
  const known: ReadonlyMap<string, string> = new Map([
    [metrics.probe.name, metrics.probe.unit],
    [metrics.probeLatency.name, metrics.probeLatency.unit],
  ]);
  for (const { target, metric, unit, atMs, value: each } of readings) {
    assert.equal(target, of.target);
    assert.ok(Number.isFinite(atMs) && Number.isFinite(each));
    if (known.has(metric)) assert.equal(unit, known.get(metric));
  }
}

async function tellsHealthy({ probe, healthy }: ProbeUnderTest): Promise<void> {
  const readings = await ask(probe, healthy);
  isWellFormed(readings, healthy);
  assert.equal(has(readings, metrics.probe.name)?.value, 1);
  const latencyMs = has(readings, metrics.probeLatency.name)?.value;
  assert.ok(latencyMs !== undefined && latencyMs >= 0 && latencyMs < 5_000, `${latencyMs}`);
}

async function tellsSick({ probe, sick }: ProbeUnderTest): Promise<void> {
  const readings = await ask(probe, sick);
  isWellFormed(readings, sick);
  const sign = has(readings, metrics.probe.name);
  assert.equal(sign?.value, 0);
  assert.match(sign?.note ?? "", /^(?!no answer)./, "a note that is not that of a hang");
  assert.ok((sign?.note ?? "").length < 400 && !(sign?.note ?? "").includes("\n"));
}

async function tellsSilent(t: TestContext, { probe, silent }: ProbeUnderTest): Promise<void> {
  if (!silent) return t.skip("it cannot meet an instance that never answers");
  const readings = await ask(probe, silent, 200);
  isWellFormed(readings, silent);
  const sign = has(readings, metrics.probe.name);
  assert.equal(sign?.value, 0);
  assert.match(sign?.note ?? "", /^no answer within 200 ms/);
  assert.equal(has(readings, metrics.probeLatency.name), undefined, "no answer has no latency");
}

async function tellsOver({ probe, healthy }: ProbeUnderTest): Promise<void> {
  const ctx = { signal: AbortSignal.abort(), clock: systemClock, log: silentLog };
  const readings = await within(2_000, probe.check(healthy, ctx));
  isWellFormed(readings, healthy);
  const sign = has(readings, metrics.probe.name);
  assert.equal(sign?.value, 0);
  assert.match(sign?.note ?? "", /^no answer/);
}

async function throwsBroken({ broken }: ProbeUnderTest): Promise<void> {
  await assert.rejects(ask(broken.probe, broken.of), (error) => error instanceof HomeostatError);
}

async function isShared({ probe, healthy, sick }: ProbeUnderTest): Promise<void> {
  const asked = [healthy, sick, healthy, sick, healthy, sick];
  const answers = await Promise.all(asked.map((of) => ask(probe, of)));
  assert.deepEqual(
    answers.map((readings) => has(readings, metrics.probe.name)?.value),
    [1, 0, 1, 0, 1, 0],
  );
}

async function leavesNothing({ probe, healthy, sick }: ProbeUnderTest): Promise<void> {
  const { signal } = new AbortController();
  const counts = { added: 0, removed: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  Object.defineProperty(signal, "addEventListener", {
    value: (...call: Parameters<typeof add>) => {
      counts.added++;
      add(...call);
    },
  });
  Object.defineProperty(signal, "removeEventListener", {
    value: (...call: Parameters<typeof remove>) => {
      counts.removed++;
      remove(...call);
    },
  });
  const ctx = { signal, clock: systemClock, log: silentLog };
  await within(10_000, probe.check(healthy, ctx));
  await within(10_000, probe.check(sick, ctx));
  assert.equal(counts.removed, counts.added);
}

async function usesClock({ probe, healthy }: ProbeUnderTest): Promise<void> {
  let now = 1_000_000;
  // Each look at this clock is 7 ms after the last one.
  const clock: Clock = { ...systemClock, now: () => (now += 7) };
  const readings = await ask(probe, healthy, 5_000, clock);
  for (const { atMs } of readings) assert.ok(atMs > 1_000_000 && atMs <= now, `${atMs}`);
  const latencyMs = has(readings, metrics.probeLatency.name)?.value ?? 0;
  assert.ok(latencyMs > 0 && latencyMs % 7 === 0, `${latencyMs}`);
}
