// Who is asked next: one that is ready, a spare when none of these works.
import { below, type Random } from "../../kernel/random.ts";
import type { Asked } from "./asked.ts";
import { choose, isEjected } from "./balance.ts";
import type { Instance } from "./instance.ts";

interface Field {
  readonly upstreams: readonly Instance[];
  readonly random: Random;
}

/** The instance for the next try, or undefined when none may have it now. */
export function pick(
  field: Field,
  _asked: Asked,
  failed: ReadonlySet<Instance>,
  now: number,
): Instance | undefined {
  if (failed.size === 0) {
    const sound = fewest(field, now);
    if (sound) return sound;
  }
  const { upstreams, random } = field;
  const candidates = upstreams.filter(
    (up) => up.isOpen && !(failed.has(up) && isEjected(up.ejection, now)),
  );
  const ready = candidates.filter((up) => up.state === "ready");
  const works = ready.some((up) => !isEjected(up.ejection, now));
  return choose(works ? ready : candidates, now, random);
}

/** What `choose` would take of those that are ready and work, without making lists. */
function fewest({ upstreams, random }: Field, now: number): Instance | undefined {
  let found: Instance | undefined;
  let equals = 1;
  for (const up of upstreams) {
    if (up.state !== "ready" || isEjected(up.ejection, now)) continue;
    if (found === undefined || up.inflight < found.inflight) {
      found = up;
      equals = 1;
    } else if (up.inflight === found.inflight && below(random, ++equals) === 0) found = up;
  }
  return found;
}
