// Whom the spawner is the parent of, and how those ended of whom no daemon has written it down yet.
import { HomeostatError } from "../../kernel/errors.ts";
import type { ProcessIdentity } from "../../model/instance.ts";
import { type Held, type HeldEnd, keptEndsMax } from "../../protocol/spawner.ts";
import type { Started } from "../linux-spawn.ts";
import type { StartSpec } from "../platform.ts";

export interface Children {
  /** @throws SPAWN_FAILED with the system's reason, or because the instance runs already. */
  start(spec: StartSpec): Promise<ProcessIdentity>;
  /** Children that run, in the order of their starts. */
  held(): readonly Held[];
  /** Ends that were not taken yet, oldest first. */
  ends(): readonly HeldEnd[];
  /** Ends that were dropped because too many were kept. */
  readonly dropped: number;
  taken(identities: readonly ProcessIdentity[]): void;
}

export interface ChildrenOptions {
  readonly spawn: (spec: StartSpec) => Promise<Started>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onEnd: (end: HeldEnd) => void;
}

interface Kept {
  readonly end: Omit<HeldEnd, "agoMs">;
  readonly atMs: number;
}

export function keepChildren({ spawn, now, onEnd }: ChildrenOptions): Children {
  const held = new Map<string, Held>();
  const kept = new Map<string, Kept>();
  /** Instances between the order and its answer. */
  const starting = new Set<string>();
  let dropped = 0;

  const ended = (one: Held, code: number | null, signal: string | null): void => {
    const key = keyOf(one.identity);
    held.delete(key);
    const end = { identity: one.identity, code, signal };
    kept.set(key, { end, atMs: now() });
    const [oldest] = kept.keys();
    if (kept.size > keptEndsMax && oldest !== undefined) {
      kept.delete(oldest);
      dropped += 1;
    }
    onEnd({ ...end, agoMs: 0 });
  };

  /** The last door: whatever the daemons believe, no instance has two living processes of ours. */
  const mayStart = (spec: StartSpec): void => {
    const other = [...held.values()].find(
      ({ target, project }) => target === spec.target && project === spec.project,
    );
    if (spec.overlaps || (!other && !starting.has(instanceOf(spec)))) return;
    const what = other ? `runs already as process ${other.identity.pid}` : "is being started";
    throw new HomeostatError("SPAWN_FAILED", `${spec.target}: it ${what}`);
  };

  return {
    start: async (spec) => {
      mayStart(spec);
      starting.add(instanceOf(spec));
      try {
        const { identity, child } = await spawn(spec);
        const { target, project, run, port } = spec;
        const one = { identity, target, project, run, ...(port === undefined ? {} : { port }) };
        held.set(keyOf(identity), one);
        child.once("exit", (code, signal) => ended(one, code, signal));
        return identity;
      } finally {
        starting.delete(instanceOf(spec));
      }
    },
    held: () => [...held.values()],
    ends: () => [...kept.values()].map(({ end, atMs }) => ({ ...end, agoMs: since(now(), atMs) })),
    get dropped() {
      return dropped;
    },
    taken: (identities) => {
      for (const identity of identities) kept.delete(keyOf(identity));
    },
  };
}

function since(nowMs: number, atMs: number): number {
  return Math.max(0, Math.round(nowMs - atMs));
}

function instanceOf({ project, target }: StartSpec): string {
  return `${project}\n${target}`;
}

export function keyOf({ pid, startTicks, bootId }: ProcessIdentity): string {
  return `${pid}:${startTicks}:${bootId}`;
}
