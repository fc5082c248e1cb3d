// The contract of a route's features: each may hold a request up, and hears how each one ended.
import type { Clock } from "../../kernel/clock.ts";
import type { Log } from "../../kernel/log.ts";
import type { Random } from "../../kernel/random.ts";
import type { Route } from "../../protocol/gateway.ts";
import type { RouteCounters } from "../stats.ts";
import type { Asked } from "./asked.ts";
import type { EndingKind } from "./exchange.ts";
import type { Instance } from "./instance.ts";
import type { Reply } from "./replies.ts";

/** reply: answered by the gateway · cut: its connection ends without an answer. */
export type Verdict = { readonly kind: "reply"; readonly reply: Reply } | { readonly kind: "cut" };

/** afterMs: goes on so much later, or ends then as `verdict` says. */
export type Admission =
  | Verdict
  | { readonly kind: "later"; readonly afterMs: number; readonly verdict?: Verdict };

/** replied: the gateway itself has answered · cut: a feature wanted that. */
export type Outcome = EndingKind | "replied" | "cut";

/** How one request ended. */
export interface Account {
  readonly asked: Asked;
  readonly outcome: Outcome;
  /** Of the answer the client got; 0 when it got none. */
  readonly status: number;
  /** The last instance that was asked. */
  readonly instance: string | undefined;
  /** How often it was sent to an instance. */
  readonly tries: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** From the last try to the head of the answer. */
  readonly waitedMs: number | undefined;
}

export interface Feature {
  /** Asked once for each request, before an instance is; undefined lets it pass. */
  admit?(asked: Asked, nowMs: number): Admission | undefined;
  /** Told once of each request, also of those that this or another feature did not let pass. */
  ended?(account: Account): void;
  /** The route is gone, or has this feature no more. */
  close?(): void;
}

export interface FeatureParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly counters: RouteCounters;
  /** The instances of now. */
  upstreams(): readonly Instance[];
}

/** A kind of feature: one file, named in `features/all.ts`. */
export interface FeatureKind {
  /** What a route says of it; undefined is off. The same text: the feature goes on as it is. */
  block(route: Route): unknown;
  create(route: Route, parts: FeatureParts): Feature;
}
