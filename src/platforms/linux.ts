// The platform of one Linux machine: processes started by spawn, looked at through /proc.
import { isOurs } from "../model/target.ts";
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
  return {
    name: "linux",
    get bootId() {
      return readBootId();
    },
    start: async (asked) => {
      const spec = entering(asked);
      const held = isOurs(spec.target) ? undefined : await spawner?.start(spec);
      if (held) return held;
      const { identity, child } = await spawnMarked(spec, sockets);
      ends.follow(identity, child);
      return identity;
    },
    ended: (identity) => {
      return ends.own(identity) ?? spawner?.ended(identity) ?? ends.ended(identity);
    },
    endOf: (identity) => spawner?.endOf(identity),
    acknowledge: (identity) => spawner?.acknowledge(identity),
    keepSockets: (addresses) => {
      sockets.keepOnly(addresses);
      spawner?.keepSockets(addresses);
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
