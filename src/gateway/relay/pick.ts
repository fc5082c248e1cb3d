// Who is asked next: one that is ready, a spare when none of these works.
import type { Random } from "../../kernel/random.ts";
import type { Asked } from "./asked.ts";
import type { Balancing } from "./balancing/balancing.ts";
import { fewest } from "./balancing/least.ts";
import type { Split } from "./balancing/split.ts";
import type { Instance } from "./instance.ts";

interface Field {
  readonly upstreams: readonly Instance[];
  readonly random: Random;
  readonly balancing: Balancing;
}

/**
 * The instance for the next try, or undefined when none may have it now.
 * @param failed instances that failed this request.
 * @param release whose it is, where releases share the route; drawn anew when it is not said.
 */
export function pick(
  { upstreams, random, balancing }: Field,
  asked: Asked,
  failed: ReadonlySet<Instance> | undefined,
  now: number,
  release?: string,
): Instance | undefined {
  if ((failed === undefined || failed.size === 0) && balancing.isPlain) {
    const sound = fewest(upstreams, random, isSound, now);
    if (sound) return sound;
  }
  const { split } = balancing;
  const open = upstreams.filter(
    (up) => up.isOpen && !(failed?.has(up) && now < up.ejection.untilMs),
  );
  const able = split
    ? ableOfRelease(open, split, release ?? split.lotOf(asked).release, now)
    : ableOf(open, now);
  return balancing.choose(able, asked, now);
}

function isSound(up: Instance, now: number): boolean {
  return up.state === "ready" && now >= up.ejectedUntilMs;
}

/**
 * Ready before spare, and those that are ejected only when there is no other: a common failure never
 * leaves a service without instances.
 */
function ableOf(open: readonly Instance[], now: number): readonly Instance[] {
  const sound = soundOf(open, now);
  return sound.length > 0 ? sound : open;
}

/** Its own release before the others, as long as one of its own works. */
function ableOfRelease(
  open: readonly Instance[],
  split: Split,
  release: string,
  now: number,
): readonly Instance[] {
  const own = open.filter((up) => up.release === release);
  const sound = soundOf(own, now);
  if (sound.length > 0) return sound;
  return ableOf(
    open.filter((up) => up.release === release || split.mayTakeOver(up.release)),
    now,
  );
}

function soundOf(open: readonly Instance[], now: number): readonly Instance[] {
  const sound = open.filter((up) => now >= up.ejectedUntilMs);
  const ready = sound.filter((up) => up.state === "ready");
  return ready.length > 0 ? ready : sound;
}
