// Gives another result in the place of a failure; it sees the error and widens the result's type.

import { isThenable } from "../engine/route.ts";
import { events } from "../events.ts";
import { answered, called, checkOptions, named } from "../options.ts";
import { errorOf } from "../rejection.ts";
import { type Call, type Exited, type HookStrategy, held, Replaced } from "../strategy.ts";

export interface FallbackOptions<Adds> {
  /** The result to give; what it throws takes the place of the error. */
  readonly give: (error: unknown) => Adds | PromiseLike<Adds>;
  /** Which errors it stands in for; all if left out. */
  readonly when?: (error: unknown) => boolean;
  readonly name?: string;
}

/** The caller's own abort is never replaced. */
export function fallback<Adds>(
  options: FallbackOptions<Adds> | FallbackOptions<Adds>["give"],
): HookStrategy<Awaited<Adds>> {
  const given = typeof options === "function" ? { give: options } : options;
  checkOptions<FallbackOptions<Adds>>("fallback", given, {
    give: called,
    when: called,
    name: named,
  });
  const { give, when, name = "fallback" } = given;
  return {
    name,
    aborts: false,
    callsUser: true,
    onlyFailures: true,
    exit: (call: Call, level, ok, value): Exited => {
      if (ok || call.unwinding) return undefined;
      const error = errorOf(value);
      if (when && !answered("fallback: when", when(error))) return undefined;
      call.counters.fallbacks += 1;
      if (events.hasSubscribers) {
        const { pipeline, key } = call;
        events.publish({ event: "fallback", pipeline, strategy: name, key, error });
      }
      const given = give(error);
      if (!isThenable(given)) return new Replaced(true, given);
      call.follow(level, given);
      return held;
    },
  };
}
