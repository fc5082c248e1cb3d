// Those of a route who waited for an instance and have been let in: not all at once, where that is known to be too many.
import type { RouteCounters } from "../stats.ts";
import type { WaitingRoom } from "./hold.ts";

/**
 * An instance that has just become ready gets no more of them at a time than it is known to bear; as
 * one is answered the next one goes. Streams are not counted: they last as long as somebody listens.
 */
export class Crowd {
  readonly #counters: Pick<RouteCounters, "limit">;
  readonly #room: Pick<WaitingRoom, "wake">;
  #inside = 0;

  constructor(counters: Pick<RouteCounters, "limit">, room: Pick<WaitingRoom, "wake">) {
    this.#counters = counters;
    this.#room = room;
  }

  /** Never where nothing is learnt. */
  get isFull(): boolean {
    return this.#left <= 0;
  }

  enter(): void {
    this.#inside++;
  }

  leave(): void {
    this.#inside--;
    if (!this.isFull) this.#room.wake(this.#left);
  }

  get #left(): number {
    return (this.#counters.limit ?? Number.POSITIVE_INFINITY) - this.#inside;
  }
}
