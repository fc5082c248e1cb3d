// Whether the lease's store can be reached, and what is done when it was not for too long.
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Answer } from "./asked.ts";

export interface Reach {
  readonly isIsolated: boolean;
  /** Takes note of an answer, or of none. */
  heard(answer: Answer<unknown>): void;
}

/** `onIsolated` is called once for each time that nothing was heard for longer than `limitMs`. */
export function createReach(
  around: { readonly clock: Clock; readonly log: Log },
  limitMs: number,
  onIsolated: (cause: unknown) => void,
): Reach {
  const { clock, log } = around;
  let heardAtMs = clock.now();
  let isFailing = false;
  let isIsolated = false;
  return {
    get isIsolated() {
      return isIsolated;
    },
    heard: (answer) => {
      if ("value" in answer) {
        if (isFailing) log.info("the lease's store answers again");
        heardAtMs = clock.now();
        isFailing = false;
        isIsolated = false;
        return;
      }
      const { error } = answer;
      log[isFailing ? "debug" : "warn"](`no lease: ${messageOf(error)}`, { error });
      isFailing = true;
      if (isIsolated || clock.now() - heardAtMs <= limitMs) return;
      isIsolated = true;
      onIsolated(error);
    },
  };
}
