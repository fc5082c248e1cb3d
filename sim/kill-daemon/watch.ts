// Looks at all processes of a project again and again: never two of one instance, nothing left over.
import { setTimeout as sleep } from "node:timers/promises";
import { spawnerTarget } from "../../src/model/target.ts";
import { type Marked, markedBy } from "../../test/process/support/marked.ts";

export interface Watch {
  readonly looks: number;
  /** Instances that were seen with two processes at once, each told once for a pair. */
  readonly doubles: readonly string[];
  /** Processes that outlived the process they belonged to for longer than a sweep takes. */
  readonly orphans: readonly string[];
  /** Every process that was seen to be the gateway. */
  readonly gateways: ReadonlySet<number>;
  stop(): Promise<void>;
}

const lookMs = 60;
/** The daemon sweeps every 5 s and at its start; while it is dead nobody can. */
const orphanMs = 8_000;

/** `daemonMs` tells for how long the daemon of the moment has been up; 0 while there is none. */
export function watch(stateFolder: string, daemonMs: () => number): Watch {
  const doubles = new Set<string>();
  const orphans = new Set<string>();
  const gateways = new Set<number>();
  const aloneSince = new Map<number, number>();
  let looks = 0;
  let stopped = false;

  const look = (): void => {
    const all = markedBy(stateFolder);
    looks++;
    for (const { target, pid } of all) if (target === "@gateway") gateways.add(pid);
    for (const text of doublesIn(all)) doubles.add(text);
    const alone = strays(all);
    for (const pid of aloneSince.keys()) {
      if (!alone.some((it) => it.pid === pid)) aloneSince.delete(pid);
    }
    for (const { pid, target, run } of alone) {
      const sinceMs = aloneSince.get(pid) ?? performance.now();
      aloneSince.set(pid, sinceMs);
      const aloneMs = Math.min(performance.now() - sinceMs, daemonMs());
      if (aloneMs > orphanMs) orphans.add(`process ${pid} of ${target} (run ${run})`);
    }
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      look();
      await sleep(lookMs);
    }
  };
  const over = run();
  return {
    get looks() {
      return looks;
    },
    get doubles() {
      return [...doubles];
    },
    get orphans() {
      return [...orphans];
    },
    gateways,
    stop: async () => {
      stopped = true;
      await over;
    },
  };
}

export function doublesIn(all: readonly Marked[]): readonly string[] {
  const leaders = Map.groupBy(
    // A child that the spawner has forked and that does not run yet still has the spawner's mark.
    all.filter((it) => it.leader && it.target !== spawnerTarget),
    (it) => it.target,
  );
  return [...leaders].flatMap(([target, many]) =>
    many.length > 1
      ? [`${target}: ${many.map((it) => `${it.pid} (run ${it.run})`).join(", ")}`]
      : [],
  );
}

/** What belongs to a run whose own process is gone. */
export function strays(all: readonly Marked[]): readonly Marked[] {
  const runs = new Set(all.filter((it) => it.leader).map((it) => it.run));
  return all.filter((it) => !runs.has(it.run));
}
