// Who is asked next: one that is ready, a spare when none of these works.
import type { Clock } from "../../kernel/clock.ts";
import type { Random } from "../../kernel/random.ts";
import { choose, isEjected } from "../balance.ts";
import type { Instance } from "./instance.ts";

interface Field {
  readonly upstreams: readonly Instance[];
  readonly clock: Clock;
  readonly random: Random;
}

/** The instance for the next try, or undefined when none may have it now. */
export function pick(
  { upstreams, clock, random }: Field,
  failed: ReadonlySet<Instance>,
): Instance | undefined {
  const now = clock.now();
  const candidates = upstreams.filter(
    (up) => up.isOpen && !(failed.has(up) && isEjected(up.ejection, now)),
  );
  const ready = candidates.filter((up) => up.state === "ready");
  const works = ready.some((up) => !isEjected(up.ejection, now));
  return choose(works ? ready : candidates, now, random);
}
