// Whether a request that an instance did not answer goes to another one, and what it is told if not.
import type { Route } from "../../protocol/gateway.ts";
import type { RetryBlock } from "../../protocol/gateway-balancing.ts";
import type { RouteCounters } from "../stats.ts";
import { type Asked, fieldOf } from "./asked.ts";
import type { EndingKind } from "./exchange.ts";
import { type Reply, unserved } from "./replies.ts";
import { RetryBudget } from "./retry-budget.ts";

/** Source: RFC 9110 section 9.2.2. */
const idempotent: ReadonlySet<string> = new Set([
  ...["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"],
]);

/** As it is where a route says nothing. */
export const retryDefaults: RetryBlock = {
  ...{ tries: 3, budget: 0.2, minPerSecond: 10, on: ["reset", "hung"] },
  ...{ methods: [], idempotencyKey: false },
};

/** One try that an instance did not answer. */
export interface Unanswered {
  readonly kind: EndingKind;
  /** Which instance, and why. */
  readonly text: string;
  /** How often the request may have reached an instance. */
  readonly tries: number;
  /** Whether neither method nor body stand against it. */
  readonly canRepeat: boolean;
}

export class Retrying {
  readonly #counters: RouteCounters;
  readonly #budget: RetryBudget;
  #rules: RetryBlock = retryDefaults;
  #methods: ReadonlySet<string> = idempotent;

  constructor(counters: RouteCounters, nowMs: number) {
    this.#counters = counters;
    this.#budget = new RetryBudget(retryDefaults.budget, retryDefaults.minPerSecond, nowMs);
  }

  apply({ retry = retryDefaults }: Route): void {
    this.#rules = retry;
    this.#methods = new Set([...idempotent, ...retry.methods]);
    this.#budget.ratio = retry.budget;
    this.#budget.minPerSecond = retry.minPerSecond;
  }

  /** A client's request has come. @returns whether it may be repeated. */
  arrived(asked: Asked, nowMs: number): boolean {
    this.#budget.deposit(nowMs);
    if (this.#methods.has(asked.head.method)) return true;
    return this.#rules.idempotencyKey && fieldOf(asked, "idempotency-key") !== undefined;
  }

  /** Whether a request that waits for an instance that hangs could go on elsewhere. */
  mayLeave(tries: number, nowMs: number): boolean {
    return this.#allows("left") && tries + 1 < this.#rules.tries && this.#budget.left(nowMs) > 0;
  }

  /** @returns the answer for a request that is not repeated; it is counted. */
  deny({ kind, text, tries, canRepeat }: Unanswered, nowMs: number): Reply | undefined {
    const { counters, rules } = { counters: this.#counters, rules: this.#rules };
    if (!canRepeat) {
      counters.lostUnsafe++;
      return { status: 502, error: `${text}; the request may have been carried out` };
    }
    if (!this.#allows(kind)) {
      counters.unserved++;
      return unserved(`${text}; it is not to be repeated`);
    }
    if (tries >= rules.tries) {
      counters.unserved++;
      return unserved(`${text}; given up after ${tries} tries`);
    }
    // The race for an idle connection is nobody's failure, and comes once at most: its second try
    // has a connection of its own.
    if (kind === "stale" || this.#budget.withdraw(nowMs)) return undefined;
    counters.unserved++;
    counters.overBudget++;
    return unserved(`${text}; too many requests are repeated already`);
  }

  #allows(kind: EndingKind): boolean {
    return kind === "stale" || this.#rules.on.includes(kind === "left" ? "hung" : "reset");
  }
}
