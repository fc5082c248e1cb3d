// A link on a clock that a test moves, and the daemons that it meets one after the other.
import assert from "node:assert/strict";
import { duplexPair } from "node:stream";
import { createLog, type Entry } from "../../src/kernel/log.ts";
import { createLink, type Link, type LinkOptions } from "../../src/runtime/link/link.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { type SimClock, simClock } from "../../src/testing/sim-clock.ts";
import { type DaemonEnd, daemonEnd, wellReport } from "./link-daemon.ts";

export interface LinkWorld {
  readonly clock: SimClock;
  readonly link: Link;
  readonly entries: readonly Entry[];
  /** `level: message` of what was logged above debug. */
  said(): readonly string[];
  /** One for each connection. */
  readonly daemons: readonly DaemonEnd[];
  readonly daemon: DaemonEnd;
  /** When the link dialled. */
  readonly dialledAt: readonly number[];
  /** What the next connections meet. */
  mood: "absent" | "listens" | "hangs";
}

export function linkWorld(over: Partial<LinkOptions> = {}): LinkWorld {
  const clock = simClock();
  const entries: Entry[] = [];
  const daemons: DaemonEnd[] = [];
  const dialledAt: number[] = [];
  const log = createLog({
    level: "debug",
    wall: () => clock.wall(),
    write: (entry) => entries.push(entry),
  });
  const connect: NonNullable<LinkOptions["connect"]> = () => {
    const [app, other] = duplexPair();
    dialledAt.push(clock.now());
    if (world.mood === "absent") app.destroy(new Error("connect ENOENT"));
    else daemons.push(daemonEnd(other, { hangs: world.mood === "hangs" }));
    return app;
  };
  const link = createLink({
    ...{ socket: "/run/homeostat.sock", app: "shop", instance: "shop/1", version: "0.1.0" },
    ...{ clock, random: seeded(1), log, connect, orders: {}, report: () => wellReport() },
    ...over,
  });
  const world: LinkWorld = {
    ...{ clock, link, entries, daemons, dialledAt, mood: "listens" },
    said: () =>
      entries
        .filter(({ level }) => level !== "debug")
        .map(({ level, message }) => `${level}: ${message}`),
    get daemon() {
      return daemons.at(-1) ?? assert.fail("nobody has called");
    },
  };
  return world;
}

/** Started, welcomed, and so long that it counts. */
export async function connected(over: Partial<LinkOptions> = {}, run?: string): Promise<LinkWorld> {
  const world = linkWorld(over);
  world.link.start();
  await world.clock.advance(0);
  world.daemon.welcome(run);
  await world.clock.advance(2_500);
  return world;
}
