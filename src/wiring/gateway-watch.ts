// A gateway that runs and does not speak is ended: its end starts another.
import type { Clock } from "../kernel/clock.ts";
import { HomeostatError } from "../kernel/errors.ts";
import type { Log } from "../kernel/log.ts";
import type { Platform } from "../platforms/platform.ts";
import type { Runner } from "../supervisor/runner.ts";
import type { RoutePusher } from "./gateway-routes.ts";

/** A gateway that may be asked and ended. */
export interface Watched {
  readonly runner: Pick<Runner, "current">;
  readonly link: { stats(): Promise<unknown> };
  readonly routes: Pick<RoutePusher, "answers" | "push">;
}

const lookMs = 1_000;
/** Each unanswered question takes 2 s: a gateway that is silent for so many hangs. */
const silentLimit = 5;

/** `current`: the one that serves at this moment. What it has not taken yet is sent again as well. */
export async function lookAfter(
  current: () => Watched,
  signal: AbortSignal,
  { clock, log, platform }: { clock: Clock; log: Log; platform: Platform },
): Promise<void> {
  let silent = 0;
  let asked: Pick<Watched, "runner"> | undefined;
  while (!signal.aborted) {
    await clock.sleep(lookMs, signal).catch(() => {});
    const one = current();
    if (one.runner !== asked?.runner) silent = 0;
    asked = one;
    if (signal.aborted || !one.routes.answers) continue;
    const speaks = await one.link.stats().then(() => true, isSpeech);
    silent = speaks ? 0 : silent + 1;
    if (speaks) await one.routes.push();
    if (silent < silentLimit || !one.runner.current) continue;
    log.error("the gateway hangs; it is ended and started again", { unanswered: silent });
    platform.signalGroup(one.runner.current.identity, "SIGKILL");
    silent = 0;
  }
}

/** Of what cannot be read as figures something was said all the same: its clients are served. */
function isSpeech(error: unknown): boolean {
  return error instanceof HomeostatError && error.code === "WIRE_SHAPE";
}
