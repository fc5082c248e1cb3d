// Calls that ask for the same thing at the same time: one runs, the others wait for what it finds.
import type { Call } from "../strategy.ts";

/** A call's place among those who wait for a run. */
export class Seat {
  run: Run;
  readonly call: Call;
  readonly level: number;
  prev: Seat | undefined = undefined;
  next: Seat | undefined = undefined;

  constructor(run: Run, call: Call, level: number) {
    this.run = run;
    this.call = call;
    this.level = level;
  }
}

/** One run and those who wait for it, in the order they came. */
export class Run {
  readonly key: string;
  /** Who does the work; none for a moment when the last leader was ended from outside. */
  leader: Call | undefined;
  waiting = 0;
  private head: Seat | undefined = undefined;
  private tail: Seat | undefined = undefined;

  constructor(key: string, leader: Call) {
    this.key = key;
    this.leader = leader;
  }

  join(seat: Seat): void {
    const { tail } = this;
    seat.run = this;
    seat.prev = tail;
    seat.next = undefined;
    if (tail) tail.next = seat;
    else this.head = seat;
    this.tail = seat;
    this.waiting += 1;
  }

  leave({ prev, next }: Seat): void {
    if (prev) prev.next = next;
    else this.head = next;
    if (next) next.prev = prev;
    else this.tail = prev;
    this.waiting -= 1;
  }

  /** Who has waited longest, no longer waiting. */
  shift(): Seat | undefined {
    const head = this.head;
    if (head) this.leave(head);
    return head;
  }
}

/** Ended runs whose keys are kept before they are swept, at least. */
const mostIdle = 64;

/**
 * The runs under way. One that was forgotten goes on, but nobody new joins it. A key is not deleted
 * with its run, which would cost more than the rest of a call, but with many others now and then.
 */
export class Runs {
  readonly #runs = new Map<string, Run | undefined>();
  #idle = 0;

  get size(): number {
    return this.#runs.size - this.#idle;
  }

  get waiting(): number {
    let sum = 0;
    for (const run of this.#runs.values()) sum += run?.waiting ?? 0;
    return sum;
  }

  get(key: string): Run | undefined {
    return this.#runs.get(key);
  }

  /** A run that this call leads; there must be none of the key. */
  begin(key: string, leader: Call): Run {
    const run = new Run(key, leader);
    this.#enlist(run);
    return run;
  }

  /** True when the run was not forgotten meanwhile. */
  end(run: Run): boolean {
    if (this.#runs.get(run.key) !== run) return false;
    this.forget(run.key);
    return true;
  }

  forget(key: string): void {
    const runs = this.#runs;
    if (runs.get(key) === undefined) return;
    runs.set(key, undefined);
    this.#idle += 1;
    if (this.#idle <= Math.max(mostIdle, this.size)) return;
    for (const [idle, run] of runs) if (run === undefined) runs.delete(idle);
    this.#idle = 0;
  }

  clear(): void {
    this.#runs.clear();
    this.#idle = 0;
  }

  /**
   * The leader was ended from outside: whoever has waited longest does the work instead. Not before
   * all who end in the same moment have ended, as each would else begin the work only to be ended.
   */
  abandon(run: Run): void {
    run.leader = undefined;
    if (run.waiting === 0) this.end(run);
    else queueMicrotask(() => this.#promote(run));
  }

  #promote(run: Run): void {
    const current = this.#runs.get(run.key);
    if (current !== undefined && current !== run) {
      // This one was forgotten and what it would find is being made already.
      for (let seat = run.shift(); seat; seat = run.shift()) current.join(seat);
      return;
    }
    const seat = run.shift();
    if (seat === undefined) {
      this.end(run);
      return;
    }
    if (current === undefined) this.#enlist(run);
    const { call, level } = seat;
    run.leader = call;
    call.slots[level] = run;
    call.resume(level);
  }

  #enlist(run: Run): void {
    const { size } = this.#runs;
    this.#runs.set(run.key, run);
    if (this.#runs.size === size) this.#idle -= 1;
  }
}
