// Which hosts are ejected, for how long, and never more of them than may be.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../../kernel/errors.ts";
import { type SimClock, simClock } from "../../testing/sim-clock.ts";
import { compose } from "../compose.ts";
import { events, type PolicyEvent } from "../events.ts";
import { type OutlierOptions, outlierEjection } from "./outlier.ts";
import { timeout } from "./timeout.ts";

const bad = new Error("bad");
const fails = async (): Promise<never> => {
  throw bad;
};
const works = async (): Promise<string> => "ok";
const four = ["a", "b", "c", "d"];

function hosts(options: OutlierOptions = {}, clock: SimClock = simClock()) {
  const ejection = outlierEjection({ ...options, clock });
  const api = compose({ name: "t", clock }, ejection);
  const call = (key: string, ok: boolean, n = 1): Promise<unknown> =>
    Promise.all(Array.from({ length: n }, () => api.tryRun(ok ? works : fails, { key })));
  return { clock, ejection, api, call };
}

/** As `hosts`, with four of them known and well. */
async function well(options?: OutlierOptions) {
  const all = hosts(options);
  for (const host of four) await all.call(host, true);
  return all;
}

test("failures in a row eject a host, one success in between does not", async () => {
  const { ejection, call, api } = await well();
  await call("a", false, 4);
  await call("a", true);
  await call("a", false, 4);
  assert.equal(ejection.isEjected("a"), false);
  await call("a", false);
  assert.deepEqual(ejection.ejected, ["a"]);
  const refused = await api.tryRun(works, { key: "a" });
  assert.equal(!refused.ok && refused.rejected, "ejected");
  const error = refused.ok ? undefined : refused.error;
  assert.ok(error instanceof HomeostatError && error.code === "HOST_EJECTED");
  assert.equal(error.message, "t: host a is left out for 30 s");
  const { host, reason, retryAfterMs } = error.details as Record<string, unknown>;
  assert.deepEqual([host, reason, retryAfterMs], ["a", "ejected", 30_000]);
  assert.equal((await api.tryRun(works, { key: "b" })).ok, true);
  assert.equal(api.counters.rejected.ejected, 1);
});

test("ejections grow with their number up to the most, and are forgiven while it stays well", async () => {
  const { clock, ejection, call } = await well({ maxEjectionMs: 80_000, intervalMs: 10_000 });
  const outMs = async (): Promise<number> => {
    await call("a", false, 5);
    for (let ms = 0; ; ms += 5_000) {
      if (!ejection.isEjected("a")) return ms;
      await clock.advance(5_000);
    }
  };
  const lasted: number[] = [];
  for (let i = 0; i < 5; i++) lasted.push(await outMs());
  assert.deepEqual(lasted, [30_000, 60_000, 80_000, 80_000, 80_000]);
  await clock.advance(20_000);
  assert.equal(await outMs(), 60_000);
  await clock.advance(500_000);
  for (const host of four) await call(host, true);
  assert.equal(await outMs(), 30_000);
});

test("results of calls that began before the ejection move nothing after it", async () => {
  const { clock, ejection, call, api } = await well();
  const late = Promise.withResolvers<string>();
  const runs = Array.from({ length: 10 }, () => api.tryRun(() => late.promise, { key: "a" }));
  await call("a", false, 5);
  await clock.advance(30_000);
  assert.equal(ejection.isEjected("a"), false);
  late.reject(bad);
  await Promise.all(runs);
  assert.equal(ejection.isEjected("a"), false);
});

test("an only host is not ejected, and of many no more than the share", async () => {
  const alone = hosts();
  await alone.call("a", false, 20);
  assert.deepEqual(alone.ejection.ejected, []);
  const { ejection, call, clock } = await well();
  for (const host of four) await call(host, false, 10);
  assert.deepEqual(ejection.ejected, ["a", "b"]);
  await clock.advance(30_000);
  await call("d", false, 1);
  assert.deepEqual(ejection.ejected, ["d"], "it goes on failing when there is room again");
});

test("refusals, aborts and what `when` leaves out say nothing of the host", async () => {
  const { ejection, api } = await well({
    when: (error) => error !== bad,
    whenResult: (value) => value === 503,
  });
  const caller = new AbortController();
  for (let i = 0; i < 10; i++) await api.tryRun(fails, { key: "a" });
  const aborted = Array.from({ length: 10 }, () =>
    api.tryRun(() => new Promise(() => {}), { key: "a", signal: caller.signal }),
  );
  caller.abort();
  await Promise.all(aborted);
  assert.deepEqual(ejection.ejected, []);
  for (let i = 0; i < 5; i++) await api.run(async () => 503, { key: "a" });
  assert.deepEqual(ejection.ejected, ["a"]);
});

test("timeouts further in and further out count", async () => {
  for (const outside of [true, false]) {
    const clock = simClock();
    const ejection = outlierEjection({ clock });
    const limit = timeout({ ms: 50, clock });
    const api = compose({ clock }, ...(outside ? [limit, ejection] : [ejection, limit]));
    await api.run(works, { key: "b" });
    const hung = Array.from({ length: 5 }, () =>
      api.tryRun(() => new Promise(() => {}), { key: "a" }),
    );
    await clock.advance(100);
    await Promise.all(hung);
    assert.deepEqual(ejection.ejected, ["a"]);
  }
});

test("a success rate far below that of the others ejects, a little below does not", async () => {
  const play = async (shares: readonly number[], options?: OutlierOptions) => {
    const { clock, ejection, call } = hosts({ consecutiveFailures: 1_000, ...options });
    await Promise.all(
      shares.map(async (share, i) => {
        const good = Math.round(share * 100);
        await call(`${i}`, true, good);
        await call(`${i}`, false, 100 - good);
      }),
    );
    await clock.advance(10_000);
    await call("0", true);
    return ejection.ejected;
  };
  assert.deepEqual(await play([1, 0.99, 1, 0.98, 1, 1, 0.4]), ["6"]);
  assert.deepEqual(await play([1, 1, 1, 1, 1, 1, 0.97]), [], "the gap is too small");
  const noGap = { successRate: { minimumGap: 0 } };
  assert.deepEqual(await play([1, 1, 1, 1, 1, 1, 0.97], noGap), ["6"]);
  assert.deepEqual(await play([1, 1, 1, 0.4]), [], "too few hosts");
  assert.deepEqual(await play([1, 1, 1, 1, 1, 0.4], { successRate: false }), []);
  const eager = { maxEjectedShare: 0.2, successRate: { factor: 0 } };
  assert.deepEqual(await play([1, 0.3, 1, 0.2, 0.4], eager), ["3"], "the worst first");
});

test("each comparison counts anew", async () => {
  const { clock, ejection, call } = hosts({ consecutiveFailures: 1_000 });
  for (let round = 0; round < 2; round++) {
    for (const host of ["a", "b", "c", "d", "e"]) await call(host, true, 60);
    await call("f", false, 60);
    await clock.advance(10_000);
    await call("a", true);
    assert.deepEqual(ejection.ejected, [], "60 calls are too few to tell");
  }
});

test("a host that was forgotten is no longer ejected, nor will it be", async () => {
  const { ejection, api, call } = hosts({ maxHosts: 2 });
  const late = Promise.withResolvers<string>();
  const runs = Array.from({ length: 5 }, () => api.tryRun(() => late.promise, { key: "a" }));
  await call("b", true);
  await call("c", true);
  late.reject(bad);
  await Promise.all(runs);
  assert.deepEqual(ejection.ejected, []);
  await call("b", false, 5);
  assert.deepEqual(ejection.ejected, ["b"]);
  for (const host of ["c", "d"]) await call(host, true);
  assert.deepEqual(ejection.ejected, []);
});

test("pick takes each host that is in, in turn, and none when all are out", async () => {
  const { ejection, call } = await well();
  await call("b", false, 5);
  const picked = Array.from({ length: 6 }, () => ejection.pick(four));
  assert.deepEqual(picked.toSorted(), ["a", "a", "c", "c", "d", "d"]);
  assert.equal(ejection.pick(["b"]), undefined);
  assert.equal(ejection.pick([]), undefined);
  assert.deepEqual(ejection.figures?.(), { known_hosts: 4, ejected_hosts: 1 });
});

test("hosts nobody asks for are forgotten, and then fewer may be out", async () => {
  const { clock, ejection, call } = await well({ forgetMs: 20_000, baseEjectionMs: 100_000 });
  await call("a", false, 5);
  await call("b", false, 5);
  assert.deepEqual(ejection.ejected, ["a", "b"]);
  await clock.advance(15_000);
  for (const host of ["a", "b", "c"]) await call(host, true);
  await clock.advance(15_000);
  for (const host of ["b", "c"]) await call(host, true);
  assert.deepEqual(ejection.ejected, ["b"]);
  assert.equal(ejection.figures?.().known_hosts, 3);
});

test("a host may be taken from elsewhere, and a reload keeps what is known", async () => {
  const { ejection, api, call } = await well({ hostOf: ({ key }) => key?.split("/")[0] });
  for (let i = 0; i < 5; i++) await call(`a/${i}`, false);
  assert.deepEqual(ejection.ejected, ["a"]);
  assert.equal((await api.tryRun(works)).ok, true, "a call without a host goes through");
  assert.equal(ejection.reload?.(outlierEjection({ maxEjectedShare: 0 })), true);
  assert.deepEqual(ejection.ejected, []);
});

test("ejections and returns are told", async () => {
  const { clock, ejection, call } = await well();
  const told: unknown[] = [];
  const listen = (event: unknown): void => {
    const { event: name, pipeline, key, details } = event as PolicyEvent;
    told.push([name, pipeline, key, details]);
  };
  events.subscribe(listen);
  await call("a", false, 5);
  await clock.advance(30_000);
  assert.equal(ejection.isEjected("a"), false);
  events.unsubscribe(listen);
  const details = { host: "a", cause: "consecutive", ejections: 1, ejectedMs: 30_000 };
  assert.deepEqual(told, [
    ["host-ejected", "t", "a", details],
    ["host-returned", "t", "a", { host: "a" }],
  ]);
});

test("options that cannot be are refused when it is made", () => {
  const wrong: readonly OutlierOptions[] = [
    { consecutiveFailures: 0 },
    { maxEjectedShare: 1.1 },
    { baseEjectionMs: 10, maxEjectionMs: 5 },
    { maxHosts: 0 },
    { successRate: { minimumHosts: 1 } },
    { successRate: { factor: -1 } },
  ];
  for (const options of wrong) assert.throws(() => outlierEjection(options), /outlier: /);
  // @ts-expect-error there is no such option
  assert.throws(() => outlierEjection({ retries: 1 }), /no option "retries"/);
});
