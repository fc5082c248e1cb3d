// One timer for all deadlines of a kind: each member says when it is due, and a tick looks at all.
import type { Clock } from "../../kernel/clock.ts";

/** Due when nothing is waited for. */
export const never: number = Number.POSITIVE_INFINITY;

export interface Member {
  /** `never` when nothing is waited for. */
  readonly dueAtMs: number;
  /** Called at each tick on which it is overdue, until it leaves or moves its moment. */
  onDue(): void;
}

export interface Sweep {
  /** The moment of the latest tick: time at no cost, late by up to the resolution. */
  readonly nowMs: number;
  join(member: Member): void;
  leave(member: Member): void;
}

/** The timer runs only while there are members. */
export function createSweep(clock: Clock, resolutionMs: number): Sweep {
  const members = new Set<Member>();
  let nowMs = clock.now();
  let ticking = false;

  const tick = async (): Promise<void> => {
    ticking = true;
    while (members.size > 0) {
      await clock.sleep(resolutionMs);
      nowMs = clock.now();
      for (const member of members) if (member.dueAtMs <= nowMs) member.onDue();
    }
    ticking = false;
  };

  return {
    get nowMs() {
      // Nobody was there to keep it new.
      return ticking ? nowMs : clock.now();
    },
    join(member) {
      members.add(member);
      if (ticking) return;
      nowMs = clock.now();
      void tick();
    },
    leave: (member) => {
      members.delete(member);
    },
  };
}
