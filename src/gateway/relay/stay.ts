// The stay of one client in the waiting room: it looks again whenever there may be an instance for it.
import type { WaitEnd } from "./hold.ts";
import type { Serving } from "./serving.ts";

export type Waiting = Pick<Serving, "room" | "upstreams" | "counters" | "clock">;

export interface Guest {
  /** There may be one now. */
  again(): void;
  /** None came in time; the text says why. */
  unserved(why: string): void;
}

export class Stay {
  readonly #serving: Waiting;
  readonly #untilMs: number;
  readonly #guest: Guest;
  #leaveRoom: (() => void) | undefined;

  constructor(serving: Waiting, untilMs: number, guest: Guest) {
    this.#serving = serving;
    this.#untilMs = untilMs;
    this.#guest = guest;
    serving.counters.held++;
  }

  /** Waits until it is worth its while to look again, which exactly one call of its guest tells. */
  wait(): void {
    const { room, upstreams, clock } = this.#serving;
    const untilMs = Math.min(this.#untilMs, backAtMs(upstreams, clock.now()));
    const wait = room.wait(untilMs, (leave) => {
      this.#leaveRoom = leave;
    });
    void wait.then((end) => this.#waited(end));
  }

  /** The client went away: its guest hears nothing more. */
  leave(): void {
    this.#leaveRoom?.();
  }

  #waited(end: WaitEnd): void {
    const { counters, room, clock } = this.#serving;
    this.#leaveRoom = undefined;
    if (end === "gone") return;
    // Before its time is up, a wait expires because an ejected instance may be tried again.
    const isOver = end === "full" || (end === "expired" && clock.now() >= this.#untilMs);
    if (!isOver) return void this.#guest.again();
    counters.unserved++;
    const isFull = end === "full";
    this.#guest.unserved(
      isFull ? `${room.size} requests wait already` : "no instance became ready",
    );
  }
}

/** When the first of those that are ejected may be tried again; Infinity when none is. */
function backAtMs(upstreams: Waiting["upstreams"], nowMs: number): number {
  const back = upstreams
    .filter(({ isOpen, ejection }) => isOpen && ejection.untilMs > nowMs)
    .map(({ ejection }) => ejection.untilMs);
  return Math.min(Number.POSITIVE_INFINITY, ...back);
}
