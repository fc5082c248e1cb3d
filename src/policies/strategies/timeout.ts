// Ends a call that takes too long: at once (racing), or by its signal only (cooperative).
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import { stackless } from "../../kernel/stackless.ts";
import { type Expiring, type Lane, Ticket, tickerOf } from "../engine/ticker.ts";
import { anything, checkOptions, named, oneOf } from "../options.ts";
import { Rejection } from "../rejection.ts";
import { type Call, type Exited, type HookStrategy, Replaced, type Strategy } from "../strategy.ts";

export interface TimeoutOptions {
  /** Milliseconds; never fires early, up to two ticks (20 ms) late. */
  readonly ms: number;
  /**
   * "racing" (default): the caller has its TimedOut error at once, the work may run on unseen.
   * "cooperative": the signal aborts and the call ends when the work does; a value it gives in
   * spite of that is kept.
   */
  readonly mode?: "racing" | "cooperative";
  readonly name?: string;
  readonly clock?: Clock;
}

/** Fails with a TimedOut error (name "TimeoutError"), which is also the signal's reason. */
export function timeout(options: number | TimeoutOptions): HookStrategy {
  const given = typeof options === "number" ? { ms: options } : options;
  checkOptions<TimeoutOptions>("timeout", { ...given, ms: given.ms ?? Number.NaN }, rules);
  return new Timeout(given);
}

const rules = {
  ms: (value: unknown) =>
    Number.isFinite(value) && (value as number) > 0 ? undefined : "above 0 and finite",
  mode: oneOf("racing", "cooperative"),
  name: named,
  clock: anything,
};

class Timeout implements HookStrategy, Expiring {
  readonly name: string;
  #lane: Lane;
  #racing: boolean;

  constructor({ ms, mode, name, clock = systemClock }: TimeoutOptions) {
    this.name = name ?? "timeout";
    this.#lane = tickerOf(clock).lane(ms);
    this.#racing = mode !== "cooperative";
  }

  enter(call: Call, level: number): undefined {
    const ticket = new Ticket(this, call, level);
    call.slots[level] = ticket;
    this.#lane.add(ticket);
  }

  exit(call: Call, level: number, ok: boolean, value: unknown): Exited {
    const slot = call.slots[level] as Ticket | Rejection;
    if (slot instanceof Rejection) {
      if (ok || call.unwinding) return undefined;
      slot.because(value);
      return new Replaced(false, slot);
    }
    slot.lane?.remove(slot);
    return undefined;
  }

  expire({ call, level }: Ticket): void {
    const rejection = new Rejection("timeout", call.pipeline, this.#build);
    call.counters.rejected.timeout += 1;
    rejection.strategy = this.name;
    // Half of the time or more was our own: it says nothing of the target.
    rejection.stalled = this.#lane.stallMs * 2 >= this.#lane.ms;
    call.slots[level] = rejection;
    if (this.#racing) call.settle(level, false, rejection);
    else call.stop(level, rejection);
  }

  reload(fresh: Strategy<unknown>): boolean {
    if (!(fresh instanceof Timeout)) return false;
    this.#lane = fresh.#lane;
    this.#racing = fresh.#racing;
    return true;
  }

  readonly #build = ({ pipeline, details, cause }: Rejection): Error => {
    const text = `${pipeline}: no result within ${formatDuration(this.#lane.ms)}`;
    return stackless("TIMED_OUT", text, { details, cause });
  };
}
