// Holds how many calls run at once, so that one slow target cannot take all there is; a few may wait.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { stackless } from "../../kernel/stackless.ts";
import { type Expiring, type Lane, Ticket, tickerOf } from "../engine/ticker.ts";
import { above, anything, checkOptions, count, named } from "../options.ts";
import { Rejection } from "../rejection.ts";
import { type Call, type Entered, type HookStrategy, held, type Strategy } from "../strategy.ts";
import { Waiter, WaitingList } from "./waiting-list.ts";

export interface BulkheadOptions {
  /**
   * Calls that run at once, 1 or more. A place is given back when the work has truly ended: what a
   * racing timeout leaves running keeps it. A retry or hedge further in shares the place of its call.
   */
  readonly concurrent: number;
  /** Calls that may wait for a place; default 0. */
  readonly queue?: number;
  /**
   * How long one may wait, in milliseconds (never less, up to two ticks, 20 ms, more). Default 1,000;
   * Infinity for as long as the call itself lasts. Only with `queue`.
   */
  readonly waitMs?: number;
  readonly name?: string;
  readonly clock?: Clock;
}

export interface Bulkhead extends HookStrategy {
  /** Places taken. */
  readonly running: number;
  /** Calls that wait for a place. */
  readonly queued: number;
}

/**
 * Refuses with a BULKHEAD_FULL error (reason "bulkhead"). Among those who wait, a lower
 * `priority` goes first (0 to 7, others count as the nearest), equals in the order they came; into a full
 * queue a call comes in the place of the last one that is less important. `bulkhead(10)` is short for
 * `bulkhead({ concurrent: 10 })`.
 */
export function bulkhead(options: number | BulkheadOptions): Bulkhead {
  const given = typeof options === "number" ? { concurrent: options } : options;
  const { concurrent = Number.NaN, queue = 0, waitMs } = given;
  checkOptions<BulkheadOptions>("bulkhead", { ...given, concurrent }, checks);
  if (waitMs !== undefined && queue === 0) {
    throw new HomeostatError(
      "OPTION_INVALID",
      "bulkhead: nothing waits for waitMs without a queue",
    );
  }
  return new Compartment(given);
}

const checks = {
  concurrent: count(1),
  queue: count(0),
  waitMs: above(0),
  name: named,
  clock: anything,
};

const levels = 8;
const usualPriority = 1;

class Waiting extends Waiter {
  readonly priority: number;
  /** Places that earlier attempts of the call keep. */
  kept: number;
  ticket: Ticket | undefined = undefined;
  constructor(call: Call, level: number, priority: number, kept: number) {
    super(call, level);
    this.priority = priority;
    this.kept = kept;
  }
}

/**
 * A call's slot is what it holds: twice the number of places, and one more while it is inside; or how
 * it waits. A whole number, as an object for each call would be a tenth of its cost.
 */
class Compartment implements Bulkhead, Expiring {
  readonly name: string;
  readonly aborts = false;
  running = 0;
  queued = 0;
  #concurrent: number;
  #queue: number;
  /** None when waiting has no end of its own. */
  #lane: Lane | undefined;
  /** By priority; made when the first call waits. */
  #lists: readonly WaitingList<Waiting>[] = [];
  #draining = false;

  constructor({ concurrent, queue = 0, waitMs = 1_000, name, clock }: BulkheadOptions) {
    this.name = name ?? "bulkhead";
    this.#concurrent = concurrent;
    this.#queue = queue;
    const ends = queue > 0 && waitMs !== Number.POSITIVE_INFINITY;
    this.#lane = ends ? tickerOf(clock ?? systemClock).lane(waitMs) : undefined;
  }

  enter(call: Call, level: number): Entered {
    const slot = call.slots[level] as number | undefined;
    if (this.running >= this.#concurrent || this.queued > 0) {
      return this.#wait(call, level, slot ?? 0);
    }
    this.running += 1;
    call.slots[level] = slot === undefined ? 3 : slot + 3;
    return undefined;
  }

  exit(call: Call, level: number): undefined {
    const slot = call.slots[level];
    if (typeof slot === "number") return this.#settle(call, level, slot >> 1, 0);
    if (!(slot instanceof Waiting)) return;
    this.#leave(slot);
    call.slots[level] = 2 * slot.kept;
  }

  late(call: Call, level: number): void {
    const slot = call.slots[level];
    if (typeof slot === "number") this.#settle(call, level, slot >> 1, slot & 1);
    else if (slot instanceof Waiting && slot.kept > call.running) {
      const surplus = slot.kept - call.running;
      slot.kept = call.running;
      this.#free(surplus);
    }
  }

  expire({ call, level }: Ticket): void {
    const waiter = call.slots[level];
    if (waiter instanceof Waiting) this.#refuse(waiter, this.#late);
  }

  reload(fresh: Strategy<unknown>): boolean {
    if (!(fresh instanceof Compartment)) return false;
    this.#concurrent = fresh.#concurrent;
    this.#queue = fresh.#queue;
    this.#lane = fresh.#lane;
    this.#drain();
    return true;
  }

  figures(): Readonly<Record<string, number>> {
    return { running_calls: this.running, queued_calls: this.queued };
  }

  /** A call keeps no more places than it has runs of work, but one while it is inside. */
  #settle(call: Call, level: number, places: number, inside: number): undefined {
    const { running } = call;
    const most = running > inside ? running : inside;
    const kept = places < most ? places : most;
    call.slots[level] = 2 * kept + inside;
    if (kept < places) this.#free(places - kept);
  }

  #free(places: number): void {
    this.running -= places;
    if (this.queued > 0) this.#drain();
  }

  /** A loop and no recursion: work that ends at once frees its place within `resume`. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    try {
      while (this.running < this.#concurrent) {
        const head = this.#lists.find(({ size }) => size > 0)?.head;
        if (!head) break;
        this.running += 1;
        this.#leave(head);
        head.call.slots[head.level] = 2 * head.kept + 3;
        head.call.resume(head.level);
      }
    } finally {
      this.#draining = false;
    }
  }

  #wait(call: Call, level: number, slot: number): Entered {
    const priority = levelOf(call.priority);
    if (this.queued >= this.#queue) {
      const last = this.#lists.findLast(({ size }) => size > 0)?.tail;
      if (!last || last.priority <= priority) return this.#refusal(call, this.#full);
      // Before the call is in the queue: what hears of the refusal may free a place.
      this.#refuse(last, this.#full);
      if (this.running < this.#concurrent && this.queued === 0) return this.enter(call, level);
      if (this.queued >= this.#queue) return this.#refusal(call, this.#full);
    }
    if (this.#lists.length === 0) {
      this.#lists = Array.from({ length: levels }, () => new WaitingList<Waiting>());
    }
    const waiter = new Waiting(call, level, priority, slot >> 1);
    if (this.#lane) {
      waiter.ticket = new Ticket(this, call, level);
      this.#lane.add(waiter.ticket);
    }
    call.slots[level] = waiter;
    this.#lists[priority]?.push(waiter);
    this.queued += 1;
    return held;
  }

  #leave(waiter: Waiting): void {
    const { priority, ticket } = waiter;
    this.#lists[priority]?.remove(waiter);
    this.queued -= 1;
    ticket?.lane?.remove(ticket);
  }

  #refuse(waiter: Waiting, build: (rejection: Rejection) => Error): void {
    const { call, level, kept } = waiter;
    this.#leave(waiter);
    call.slots[level] = 2 * kept;
    call.counters.rejected.bulkhead += 1;
    call.settle(level, false, this.#refusal(call, build));
  }

  #refusal(call: Call, build: (rejection: Rejection) => Error): Rejection {
    const refusal = new Rejection("bulkhead", call.pipeline, build);
    refusal.strategy = this.name;
    return refusal;
  }

  readonly #full = ({ pipeline, details }: Rejection): Error => {
    const waiting = this.#queue > 0 ? ` and ${this.#queue} waiting` : "";
    const text = `${pipeline}: bulkhead is full with ${this.#concurrent} calls running${waiting}`;
    return stackless("BULKHEAD_FULL", text, { details });
  };

  readonly #late = ({ pipeline, details }: Rejection): Error => {
    // Without one it was reloaded while calls were waiting.
    const time = this.#lane ? `within ${formatDuration(this.#lane.ms)}` : "in time";
    const text = `${pipeline}: no place in the bulkhead ${time}`;
    return stackless("BULKHEAD_FULL", text, { details });
  };
}

function levelOf(priority = usualPriority): number {
  const nearest = Math.round(priority);
  return nearest > 0 ? Math.min(nearest, levels - 1) : 0;
}
