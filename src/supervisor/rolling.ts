// A rolling restart: one instance after the other, each drained before and ready after.
import type { Clock } from "../kernel/clock.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { Target } from "../model/target.ts";
import type { Ward } from "./instances.ts";
import type { StopStep } from "./runner.ts";
import type { Supervisor } from "./spec.ts";

const pollMs = 20;

/** `stillOpen` throws when everything is being stopped. @throws TIMED_OUT after `startupMs`. */
export async function awaitReady(
  { options, ready }: Ward,
  target: Target,
  startupMs: number,
  stillOpen: () => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { clock } = options;
  const untilMs = clock.now() + startupMs;
  while (!ready.has(target)) {
    stillOpen();
    if (clock.now() > Math.max(untilMs, options.notify?.extendedUntilMs(target) ?? 0)) {
      const text = `${target} was not ready ${startupMs} ms after its start`;
      throw new HomeostatError("TIMED_OUT", text);
    }
    await clock.sleep(pollMs, signal);
  }
}

export async function rolling(
  hands: Pick<Supervisor, "stop" | "start" | "ready">,
  clock: Clock,
  targets: readonly Target[],
  by: string,
  step: StopStep = () => {},
): Promise<void> {
  for (const target of targets) {
    const fromMs = clock.now();
    await hands.stop(target, { by });
    await hands.start(target, by);
    await hands.ready(target);
    step(`${target} replaced and ready`, clock.now() - fromMs);
  }
}
