// One timer for all timeouts: a list for each distinct duration, and a clock that costs nothing to read.
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { type Beat, type Pulse, pulseOf } from "../../kernel/pulse.ts";
import type { Call } from "../strategy.ts";

/** Milliseconds between two ticks; an entry expires up to two of them late, never early. */
export const tickMs = 10;

/** The least between two ticks when an entry falls due before the next one. */
const leastMs = 5;

/** In the place of the deadline of an entry that has none yet. */
const unstamped = -1;

/** Who is told that an entry's time has come; the entry is off the list by then. */
export interface Expiring {
  expire(ticket: Ticket): void;
}

/** An entry of a lane: its place in the list and what its owner needs to know. */
export class Ticket {
  readonly owner: Expiring;
  readonly call: Call;
  readonly level: number;
  lane: Lane | undefined = undefined;
  prev: Ticket | undefined = undefined;
  next: Ticket | undefined = undefined;
  dueAt: number = unstamped;
  constructor(owner: Expiring, call: Call, level: number) {
    this.owner = owner;
    this.call = call;
    this.level = level;
  }
}

function isDue({ dueAt }: Ticket, now: number): boolean {
  return dueAt !== unstamped && dueAt <= now;
}

/** The entries of one duration, oldest first: those due are always at its head. */
export class Lane {
  readonly ms: number;
  readonly #ticker: Ticker;
  #head: Ticket | undefined;
  #tail: Ticket | undefined;
  #listed = false;

  constructor(ticker: Ticker, ms: number) {
    this.#ticker = ticker;
    this.ms = ms;
  }

  add(ticket: Ticket): void {
    const tail = this.#tail;
    ticket.lane = this;
    ticket.dueAt = unstamped;
    ticket.prev = tail;
    ticket.next = undefined;
    if (tail) tail.next = ticket;
    else this.#head = ticket;
    this.#tail = ticket;
    if (!this.#listed) {
      this.#listed = true;
      this.#ticker.visit(this);
    }
    this.#ticker.hold();
  }

  /** A ticket that is in no lane is left alone. */
  remove(ticket: Ticket): void {
    if (ticket.lane !== this) return;
    const { prev, next } = ticket;
    if (prev) prev.next = next;
    else this.#head = next;
    if (next) next.prev = prev;
    else this.#tail = prev;
    ticket.lane = undefined;
  }

  /** Gives entries that came since the last tick their deadline; true when one is overdue. */
  stamp(now: number): boolean {
    // A whole number takes no memory of its own; the next one above is never early.
    const dueAt = Math.ceil(now + this.ms);
    for (let fresh = this.#tail; fresh?.dueAt === unstamped; fresh = fresh.prev) {
      fresh.dueAt = dueAt;
    }
    return this.#head !== undefined && isDue(this.#head, now);
  }

  expire(now: number): void {
    // An entry that was added meanwhile has no deadline yet.
    for (let head = this.#head; head && isDue(head, now); head = this.#head) {
      this.remove(head);
      head.owner.expire(head);
    }
  }

  /** See {@link Ticker.stallMs}. */
  get stallMs(): number {
    return this.#ticker.stallMs;
  }

  /** When the oldest entry expires; infinite when that is not known yet. */
  get dueAt(): number {
    const dueAt = this.#head?.dueAt ?? unstamped;
    return dueAt === unstamped ? Number.POSITIVE_INFINITY : dueAt;
  }

  /** Leaves the ticker's round when empty. */
  rest(): boolean {
    if (this.#head) return false;
    this.#listed = false;
    return true;
  }
}

/**
 * Entries get their deadline at the first tick after they were added (never early, no clock read
 * for each), and overdue ones expire after the I/O that is ready: a stalled event loop kills no
 * call whose answer already waits in its socket.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #pulse: Pulse;
  readonly #beat: Beat;
  readonly #lanes = new Map<number, Lane>();
  #active: Lane[] = [];
  #running = false;
  #held = false;
  /** Somebody read the time since the last tick. */
  #asked = false;
  #at = 0;
  #stalledMs = 0;
  /** How long the event loop stood still before what runs out of time now; else 0. */
  stallMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#pulse = pulseOf(clock);
    this.#beat = this.#pulse.beat(() => this.#tick());
  }

  /** The lane of this duration, which all its users share. */
  lane(ms: number): Lane {
    const known = this.#lanes.get(ms);
    if (known) return known;
    const lane = new Lane(this, ms);
    if (this.#lanes.size < 1_024) this.#lanes.set(ms, lane);
    return lane;
  }

  /** Monotonic milliseconds, up to a tick and a stall old on the real clock. */
  now(): number {
    if (!this.#pulse.coarse) return this.#clock.now();
    this.#asked = true;
    if (!this.#running) {
      this.#at = this.#clock.now();
      this.#start(false);
    }
    return this.#at;
  }

  /** As `now`, without the time that the event loop stood still while somebody waited. */
  awake(): number {
    return this.now() - this.#stalledMs;
  }

  /** Calls `work` after `ms`, exactly and outside the round of ticks; the answer cancels it. */
  after(ms: number, work: () => void): () => void {
    return this.#pulse.after(ms, work);
  }

  visit(lane: Lane): void {
    this.#active.push(lane);
  }

  /** Entries keep the process alive. */
  hold(): void {
    if (this.#held) return;
    if (this.#running) this.#beat.hold(true);
    else {
      this.#at = this.#clock.now();
      this.#start(true);
    }
    this.#held = true;
  }

  #start(hold: boolean): void {
    this.#running = true;
    this.#beat.hold(hold);
    this.#beat.next(tickMs);
  }

  #tick(): void {
    const now = this.#clock.now();
    // After a stall one turn is not enough: an answer may take one to be read and one to be parsed.
    const lateMs = now - this.#at - tickMs;
    this.stallMs = lateMs > 2 * tickMs ? lateMs : 0;
    this.#stalledMs += this.stallMs;
    this.#at = now;
    let overdue = false;
    for (const lane of this.#active) if (lane.stamp(now)) overdue = true;
    if (!overdue) {
      this.#wind();
      return;
    }
    const expire = (): void => {
      for (const lane of this.#active) lane.expire(now);
      this.#wind();
    };
    if (this.stallMs > 0) this.#pulse.afterIo(() => this.#pulse.afterIo(expire));
    else this.#pulse.afterIo(expire);
  }

  /** Another tick while there are entries or somebody reads the time; else the timer rests. */
  #wind(): void {
    this.stallMs = 0;
    let kept = 0;
    let dueAt = this.#at + tickMs;
    for (const lane of this.#active) {
      if (lane.rest()) continue;
      this.#active[kept++] = lane;
      dueAt = Math.min(dueAt, lane.dueAt);
    }
    this.#active.length = kept;
    this.#running = kept > 0 || this.#asked;
    this.#asked = false;
    this.#held = kept > 0;
    if (!this.#running) return;
    this.#beat.hold(this.#held);
    this.#beat.next(Math.max(leastMs, dueAt - this.#at));
  }
}

const tickers = new WeakMap<Clock, Ticker>();

/** The ticker of a clock; there is one for the whole process on the system's. */
export function tickerOf(clock: Clock = systemClock): Ticker {
  let ticker = tickers.get(clock);
  if (!ticker) {
    ticker = new Ticker(clock);
    tickers.set(clock, ticker);
  }
  return ticker;
}
