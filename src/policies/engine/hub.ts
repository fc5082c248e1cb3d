// One listener on a caller's signal, however many calls share it.
import { systemClock } from "../../kernel/clock.ts";
import { pulseOf } from "../../kernel/pulse.ts";

/** A call that is to end with its caller's signal. */
export interface Member {
  callerAborted(reason: unknown): void;
}

/** A member's place among the others. */
export class Place {
  readonly hub: Hub;
  readonly member: Member;
  prev: Place | undefined = undefined;
  next: Place | undefined = undefined;
  gone = false;

  constructor(hub: Hub, member: Member) {
    this.hub = hub;
    this.member = member;
  }

  leave(): void {
    this.hub.leave(this);
  }
}

const hubs = new WeakMap<AbortSignal, Hub>();
const pulse = pulseOf(systemClock);
const mostDeserted = 32;
let deserted: Hub[] = [];

/**
 * A signal's members. The listener goes when the last of them has gone, one turn of the event loop
 * later, as calls in a row would else add and remove it each time.
 */
export class Hub {
  readonly #signal: AbortSignal;
  #head: Place | undefined;
  #sweeping = false;
  readonly #abort = (): void => {
    for (let head = this.#head; head; head = this.#head) {
      this.leave(head);
      head.member.callerAborted(this.#signal.reason);
    }
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort);
  }

  join(member: Member): Place {
    const place = new Place(this, member);
    const head = this.#head;
    place.next = head;
    if (head) head.prev = place;
    this.#head = place;
    return place;
  }

  leave(place: Place): void {
    if (place.gone) return;
    const { prev, next } = place;
    if (prev) prev.next = next;
    else this.#head = next;
    if (next) next.prev = prev;
    place.gone = true;
    if (this.#head || this.#sweeping) return;
    this.#sweeping = true;
    const length = deserted.push(this);
    if (length === 1) pulse.afterIo(sweep);
    // Signals that are used once each would else pile up for as long as no I/O is done.
    else if (length === mostDeserted) sweep();
  }

  /** Lets go of the signal unless somebody joined again. */
  rest(): void {
    this.#sweeping = false;
    if (this.#head) return;
    this.#signal.removeEventListener("abort", this.#abort);
    hubs.delete(this.#signal);
  }
}

function sweep(): void {
  const resting = deserted;
  deserted = [];
  for (const hub of resting) hub.rest();
}

/** The hub of a signal that has not aborted. */
export function hubOf(signal: AbortSignal): Hub {
  let hub = hubs.get(signal);
  if (!hub) {
    hub = new Hub(signal);
    hubs.set(signal, hub);
  }
  return hub;
}
