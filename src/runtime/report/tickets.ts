// The ids of events about which somebody may still say something: each once, and not for ever.
import type { Clock } from "../../kernel/clock.ts";
import { type Linked, Lru } from "../../policies/lru.ts";

export interface Tickets {
  issue(id: string): void;
  isOpen(id: string): boolean;
  /** True once for an id that is open; nobody can use it again. */
  take(id: string): boolean;
}

interface Ticket extends Linked<Ticket> {
  readonly until: number;
}

export function createTickets(clock: Clock, most: number, validMs: number): Tickets {
  const open = new Lru<Ticket>(most);
  const isOpen = (id: string): boolean => clock.now() < (open.peek(id)?.until ?? 0);
  return {
    issue: (id) => {
      const until = clock.now() + validMs;
      const old = open.peek(id);
      if (old) open.delete(old);
      open.add({ key: id, until, newer: undefined, older: undefined });
    },
    isOpen,
    take: (id) => {
      const ticket = isOpen(id) ? open.peek(id) : undefined;
      if (ticket) open.delete(ticket);
      return ticket !== undefined;
    },
  };
}
