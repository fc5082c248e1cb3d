// Pre-flight: all dependencies are asked at once and again until they answer; what does not is named.
import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCode } from "../../kernel/errors.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { hostAnswers } from "../events/ready-steps.ts";
import { tcpCheck } from "../health/checks/tcp.ts";
import { dependencyIn } from "../parts/dependency.ts";
import { type PreflightAsk, type PreflightOptions, preflight } from "./preflight.ts";

const never = new AbortController().signal;

/** How it ended, and after how many milliseconds. */
async function flown(
  asks: Readonly<Record<string, PreflightAsk>>,
  options: PreflightOptions = {},
  signal: AbortSignal = never,
): Promise<{ readonly error?: unknown; readonly tookMs: number }> {
  const clock = simClock();
  const ended = preflight(asks, { clock, ...options })(signal).then(
    () => ({ tookMs: clock.now() }),
    (error: unknown) => ({ error, tookMs: clock.now() }),
  );
  await clock.advance(60_000);
  assert.equal(clock.pending, 0, "no timer is left");
  return ended;
}

test("it waits until each has answered, however late, and asks the others meanwhile", async () => {
  let tries = 0;
  const asks = {
    database: () => ++tries > 3,
    cache: async () => ({ status: "degraded" }) as const,
    queue: () => undefined,
  };
  assert.deepEqual(await flown(asks), { tookMs: 3_000 });
  assert.equal(tries, 4);
});

test("what did not answer is named with its reason, in one fatal dependency error with exit code 75", async () => {
  const { error, tookMs } = await flown({
    database: () => {
      throw new Error("connect ECONNREFUSED");
    },
    cache: () => false,
    search: () => ({ status: "unhealthy", reason: "red" }),
    silent: () => new Promise(() => {}),
    queue: () => true,
  });
  assert.equal(tookMs, 10_000);
  assert.ok(dependencyIn(error) !== undefined);
  assert.equal(exitCode(error), 75);
  assert.equal(
    (error as Error).message,
    "preflight: not within 10000 ms: database: connect ECONNREFUSED; cache: it says no; " +
      "search: red; silent: no answer in time",
  );
});

test("an app that stops meanwhile ends the wait with its own reason", async () => {
  const stops = new AbortController();
  const clock = simClock();
  const flight = preflight({ database: () => false }, { clock })(stops.signal);
  const ended = assert.rejects(flight, /asked to/);
  await clock.advance(1_500);
  stops.abort(new Error("asked to"));
  await ended;
  await assert.rejects(preflight({}, { clock })(stops.signal), /asked to/);
});

test("one try that hangs does not keep the next from being made", async () => {
  let tries = 0;
  const hangsOnce: PreflightAsk = ({ signal }) => {
    tries += 1;
    return tries > 1 || new Promise((_, reject) => signal.addEventListener("abort", reject));
  };
  const options = { tryLimitMs: 2_000, tryEveryMs: 500 };
  assert.deepEqual(await flown({ database: hangsOnce }, options), { tookMs: 2_500 });
});

test("the looks of recipes and health checks fit; what is none is refused at once", () => {
  const check = tcpCheck({ host: "127.0.0.1", port: 1 });
  preflight({ database: hostAnswers("127.0.0.1", 5432), queue: check });
  const wrong = { database: "127.0.0.1:5432" } as unknown as Record<string, PreflightAsk>;
  assert.throws(() => preflight(wrong), { code: "OPTION_INVALID", message: /database/ });
  assert.throws(() => preflight({}, { limitMs: 0 }), { code: "OPTION_INVALID" });
});
