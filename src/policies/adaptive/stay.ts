// What a limit remembers of a call that waits or is a repeat, or of whose work some is still running.
import type { Ticket } from "../engine/ticker.ts";
import { Waiter } from "../limit/waiting-list.ts";

export class Stay extends Waiter {
  /** Places that the call holds; one that it waits for is not among them. */
  permits = 0;
  inside = false;
  /** When the last run began, on the clock of the limit, or a cohort's mark. */
  begun = 0;
  /** How often the call had been repeated by then. */
  repeats = 0;
  waiting = false;
  /** While it waits, unless it may for ever. */
  ticket: Ticket | undefined = undefined;

  enter(begun: number): void {
    this.permits += 1;
    this.inside = true;
    this.begun = begun;
    this.repeats = this.call.repeats;
  }

  /**
   * Places to give back: a call keeps no more than it has runs of work, but one while it is inside.
   */
  surplus(): number {
    const most = Math.max(this.call.running, this.inside ? 1 : 0);
    const surplus = Math.max(0, this.permits - most);
    this.permits -= surplus;
    return surplus;
  }
}
