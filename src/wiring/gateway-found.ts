// Which gateway a daemon finds when it comes: one serves, and every other one has to leave.
import type { Hello } from "../gateway/greeting.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { gatewayTarget } from "../model/target.ts";
import type { Found, Platform } from "../platforms/platform.ts";
import { asideOf } from "../protocol/gateway-held.ts";

export interface FindOptions {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly log: Log;
  readonly project: string;
  readonly socketPath: string;
  /** Who answers on a control socket. */
  readonly greeting: (socketPath: string) => Promise<Hello | undefined>;
  readonly place: (pid: number) => void;
}

export interface FoundGateways {
  readonly one?: { readonly found: Found; readonly hello: Hello };
  readonly others: readonly Found[];
}

/** Longer than one that runs, or was just started, takes for its first word on a busy machine. */
const greetMs = 3_000;
const pollMs = 20;

/**
 * Whoever answers on the control socket serves. A daemon that was killed while it replaced the
 * gateway may have left another one that has not taken its place, or one that finishes what it has.
 */
export async function findGateways(options: FindOptions): Promise<FoundGateways> {
  const { platform, project } = options;
  const all = platform
    .scan(project)
    .filter((found) => found.target === gatewayTarget && found.leader);
  const one = all.length > 0 ? await whoServes(options, all) : undefined;
  return { ...(one ? { one } : {}), others: all.filter((found) => found !== one?.found) };
}

async function whoServes(
  options: FindOptions,
  all: readonly Found[],
): Promise<FoundGateways["one"]> {
  const { platform, clock, socketPath, greeting, place } = options;
  const untilMs = clock.now() + greetMs;
  const living = () => all.filter(({ identity }) => platform.alive(identity));
  while (living().length > 0) {
    const hello = await greeting(socketPath);
    const found = living().find(({ identity }) => identity.pid === hello?.pid);
    if (hello && found) return { found, hello };
    for (const other of living()) {
      const { pid } = other.identity;
      const aside = await greeting(asideOf(socketPath, pid));
      if (aside?.pid !== pid) continue;
      place(pid);
      return { found: other, hello: aside };
    }
    if (clock.now() > untilMs) return undefined;
    await clock.sleep(pollMs);
  }
  return undefined;
}
