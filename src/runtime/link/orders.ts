// What an app does when the daemon orders it: one function for each kind of order.
import type { Level } from "../../kernel/log.ts";
import type { Order, OrderKind } from "../../protocol/link.ts";

export interface Asked {
  /** Who wants it: a person, or a rule of the daemon. */
  readonly by: string;
  /** Aborts when the order's time is over: 10 s, a capture's 90 s. */
  readonly signal: AbortSignal;
}

/** A file that was written for somebody to look at. */
export interface Captured {
  /** One sentence with the path. */
  readonly done: string;
  readonly file: { readonly path: string; readonly bytes: number };
}

type Of<Kind extends OrderKind> = Extract<Order, { kind: Kind }>;
type Answer<T = string> = T | Promise<T>;

/**
 * Each answers with one sentence of what was done, or throws. What is left out is not offered to the
 * daemon. One kind is never asked for twice at a time.
 */
export interface Orders {
  drain?(on: boolean, asked: Asked): Answer;
  /** Level 0 restores. */
  degrade?(level: number, asked: Asked): Answer;
  feature?(wish: Omit<Of<"feature">, "kind">, asked: Asked): Answer;
  breaker?(wish: Omit<Of<"breaker">, "kind">, asked: Asked): Answer;
  logLevel?(level: Level, asked: Asked): Answer;
  capture?(wish: Omit<Of<"capture">, "kind">, asked: Asked): Answer<Captured>;
  do?(name: string, asked: Asked): Answer;
  recover?(type: string, source: string, asked: Asked): Answer;
}

const names: Readonly<Record<OrderKind, keyof Orders>> = {
  drain: "drain",
  degrade: "degrade",
  feature: "feature",
  breaker: "breaker",
  "log-level": "logLevel",
  capture: "capture",
  do: "do",
  recover: "recover",
};

/** The kinds that `orders` has a function for. */
export function offered(orders: Orders): readonly OrderKind[] {
  const kinds = Object.keys(names) as OrderKind[];
  return kinds.filter((kind) => orders[names[kind]] !== undefined);
}

/** Undefined when nothing is there to obey it. */
export function perform(
  orders: Orders,
  order: Order,
  asked: Asked,
): Answer<string | Captured> | undefined {
  switch (order.kind) {
    case "drain":
      return orders.drain?.(order.on, asked);
    case "degrade":
      return orders.degrade?.(order.level, asked);
    case "feature":
      return orders.feature?.(order, asked);
    case "breaker":
      return orders.breaker?.(order, asked);
    case "log-level":
      return orders.logLevel?.(order.level, asked);
    case "capture":
      return orders.capture?.(order, asked);
    case "do":
      return orders.do?.(order.name, asked);
    case "recover":
      return orders.recover?.(order.type, order.source, asked);
  }
}

/** "capture heap-snapshot", for people. */
export function inWords(order: Order): string {
  const { kind, ...wish } = order;
  return `${kind} ${Object.values(wish).join(" ")}`;
}
