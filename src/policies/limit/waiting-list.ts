// A first-in-first-out list of held calls from which any can leave at once, wherever it stands.
import type { Call } from "../strategy.ts";

/** A call that waits, and its place between its neighbours. */
export class Waiter {
  readonly call: Call;
  readonly level: number;
  prev: this | undefined = undefined;
  next: this | undefined = undefined;
  constructor(call: Call, level: number) {
    this.call = call;
    this.level = level;
  }
}

export class WaitingList<Kind extends Waiter> {
  head: Kind | undefined = undefined;
  tail: Kind | undefined = undefined;
  size = 0;

  push(waiter: Kind): void {
    const { tail } = this;
    waiter.prev = tail;
    if (tail) tail.next = waiter;
    else this.head = waiter;
    this.tail = waiter;
    this.size += 1;
  }

  /** For a waiter that is in this list. */
  remove(waiter: Kind): void {
    const { prev, next } = waiter;
    if (prev) prev.next = next;
    else this.head = next;
    if (next) next.prev = prev;
    else this.tail = prev;
    waiter.prev = undefined;
    waiter.next = undefined;
    this.size -= 1;
  }
}
