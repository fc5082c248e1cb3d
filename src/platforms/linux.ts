// The platform of one Linux machine: processes started by spawn, looked at through /proc.
import { gatewayTarget, isOurs, type Target } from "../model/target.ts";
import { entering } from "./linux-cgroup.ts";
import { trackEnds } from "./linux-ends.ts";
import { figureReader } from "./linux-figures.ts";
import { groupAlive, isAlive, signalGroup, signalProcess } from "./linux-group.ts";
import { markedScanner, type UidOf } from "./linux-scan.ts";
import { holdSockets } from "./linux-sockets.ts";
import { spawnMarked } from "./linux-spawn.ts";
import type { Platform } from "./platform.ts";
import { readBootId } from "./procfs.ts";
import type { Spawner } from "./spawner/spawner.ts";

/** Who wants its sockets held waits longer for a spawner: alone it would lose them with its end. */
const patientTries = 3;
/** Whose sockets are meant when nobody is named. */
const services = Symbol("services");

export interface LinuxOptions {
  readonly spawner?: Spawner;
  /** As whom an instance runs, when that is not the user of this process. */
  readonly uidOf?: UidOf;
}

/**
 * Processes are found again by the marks in their environment, so one that overwrites its
 * environment (a process title longer than its arguments, as PostgreSQL's) or was started with a
 * cleared one is missed by `scan`. A grandchild that leads a group of its own is found as a leader,
 * too. Descriptors that this process itself was given beyond the first three are passed on: Node
 * cannot close them. Waiting for an end never keeps this process alive by itself.
 */
export function linuxPlatform({ spawner, uidOf }: LinuxOptions = {}): Platform {
  const ends = trackEnds();
  const figures = figureReader(() => performance.now());
  const scanMarked = markedScanner(uidOf);
  const sockets = holdSockets();
  const wanted = new Map<Target | typeof services, readonly string[]>();
  return {
    name: "linux",
    get bootId() {
      return readBootId();
    },
    start: async (asked) => {
      const spec = entering(asked);
      const isChild = !isOurs(spec.target) || spec.target === gatewayTarget;
      const tries = spec.overlaps ? patientTries : 1;
      for (let i = 0; isChild && i < tries; i++) {
        const held = await spawner?.start(spec);
        if (held) return held;
      }
      // Held here, the sockets of who outlives this process would be in the way of the next one.
      const { identity, child } = await spawnMarked(spec, spec.overlaps ? undefined : sockets);
      ends.follow(identity, child);
      return identity;
    },
    ended: (identity) => {
      return ends.own(identity) ?? spawner?.ended(identity) ?? ends.ended(identity);
    },
    endOf: (identity) => spawner?.endOf(identity),
    acknowledge: (identity) => spawner?.acknowledge(identity),
    keepSockets: (addresses, of) => {
      wanted.set(of ?? services, addresses);
      if (!wanted.has(services)) return;
      const all = [...wanted.values()].flat();
      sockets.keepOnly(all);
      spawner?.keepSockets(all);
    },
    alive: isAlive,
    signal: signalProcess,
    signalGroup,
    groupAlive,
    scan: (project) => {
      const found = scanMarked(project);
      // Who has overwritten its environment, and who has ended and was not told yet.
      const held = spawner?.held(project) ?? [];
      const pids = new Set(found.map(({ identity }) => identity.pid));
      return [...found, ...held.filter(({ identity }) => !pids.has(identity.pid))];
    },
    figures: figures.of,
    pss: figures.pssOf,
  };
}
