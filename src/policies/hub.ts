// One listener on a caller's signal, however many calls share it.
import { systemClock } from "../kernel/clock.ts";
import { pulseOf } from "../kernel/pulse.ts";

/** A call that is to end with its caller's signal; the links belong to the hub. */
export interface Member {
  hub: Hub | undefined;
  hubPrev: Member | undefined;
  hubNext: Member | undefined;
  callerAborted(reason: unknown): void;
}

const hubs = new WeakMap<AbortSignal, Hub>();
const pulse = pulseOf(systemClock);
let deserted: Hub[] = [];

/**
 * A signal's members. The listener goes when the last of them has gone, one turn of the event loop
 * later, as calls in a row would else add and remove it each time.
 */
export class Hub {
  readonly #signal: AbortSignal;
  #head: Member | undefined;
  #sweeping = false;
  readonly #abort = (): void => {
    for (let head = this.#head; head; head = this.#head) {
      this.leave(head);
      head.callerAborted(this.#signal.reason);
    }
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort);
  }

  join(member: Member): void {
    const head = this.#head;
    member.hub = this;
    member.hubNext = head;
    if (head) head.hubPrev = member;
    this.#head = member;
  }

  leave(member: Member): void {
    const { hubPrev, hubNext } = member;
    if (hubPrev) hubPrev.hubNext = hubNext;
    else this.#head = hubNext;
    if (hubNext) hubNext.hubPrev = hubPrev;
    member.hub = undefined;
    member.hubPrev = undefined;
    member.hubNext = undefined;
    if (this.#head || this.#sweeping) return;
    this.#sweeping = true;
    if (deserted.push(this) === 1) pulse.afterIo(sweep);
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
