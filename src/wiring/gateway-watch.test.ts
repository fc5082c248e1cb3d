// A gateway that says nothing is ended; one whose figures cannot be read serves, and is left alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Code, HomeostatError } from "../kernel/errors.ts";
import { silentLog } from "../kernel/log.ts";
import { gatewayTarget } from "../model/target.ts";
import { fakePlatform } from "../testing/fake-platform.ts";
import { simClock } from "../testing/sim-clock.ts";
import { lookAfter } from "./gateway-watch.ts";

async function signalsAfter(code: Code): Promise<readonly string[]> {
  const clock = simClock();
  const platform = fakePlatform();
  const { identity } = platform.place(gatewayTarget);
  const over = Promise.resolve();
  const current = { identity, run: "1", startedAtMs: 0, adopted: true, ready: true, over };
  const stop = new AbortController();
  const stats = (): Promise<unknown> =>
    Promise.reject(new HomeostatError(code, "as the test has it"));
  const watched = {
    runner: { current },
    link: { stats },
    routes: { answers: true, push: async () => {} },
  };
  const looking = lookAfter(() => watched, stop.signal, { clock, log: silentLog, platform });
  await clock.advance(20_000);
  stop.abort();
  await clock.advance(1_000);
  await looking;
  return platform.signals;
}

test("silence ends a gateway, figures that are not in order do not", async () => {
  assert.match((await signalsAfter("TIMED_OUT"))[0] ?? "", /^SIGKILL /);
  assert.deepEqual(await signalsAfter("WIRE_SHAPE"), []);
});
