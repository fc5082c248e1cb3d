// What a service says of how its requests are shared out: balancing, ejection, repeats, releases.
import type { Duration } from "../kernel/duration.ts";

/** One of them: a field of the request, or a cookie. */
export interface FieldOrCookie {
  readonly header?: string;
  readonly cookie?: string;
}

export interface HashBalance {
  /** What decides: the same goes to the same instance, as long as that one is able. */
  readonly hash: "address" | "path" | FieldOrCookie;
  /** An instance may have so many times the average in flight. Default 1.25. */
  readonly load?: number;
}

export interface OutlierConfig {
  /** Answers in a row that were 5xx, late or broken; 0 is off. Default 5. */
  readonly failures?: number;
  /** Compares instances with each other. Default: they are not compared. */
  readonly successRate?: {
    /** Standard deviations below the mean. Default 1.9. */
    readonly factor?: number;
    /** Instances that must have had so many requests. Default 5. */
    readonly instances?: number;
    /** Default 100. */
    readonly requests?: number;
  };
  /** From one comparison to the next; for each, one ejection is forgiven. Default 10 s. */
  readonly interval?: Duration;
  /** The first ejection; the nth in a row is n times as long. Default 10 s. */
  readonly first?: Duration;
  /** The longest. Default 5 min. */
  readonly max?: Duration;
  /** Share of the instances that may be out at once; never all. Default 0.5. */
  readonly maxShare?: number;
}

export interface RetryConfig {
  /** How often a request may reach an instance. Default 3. */
  readonly tries?: number;
  /** Repeats for each request of the last 10 s. Default 0.2. */
  readonly budget?: number;
  /** Repeats that each second has beside them. Default 10. */
  readonly minPerSecond?: number;
  /** After what: a connection that ended before an answer, an instance that hangs. Default both. */
  readonly on?: readonly ("reset" | "hung")[];
  /** Methods that may be repeated beside GET, HEAD, OPTIONS, TRACE, PUT and DELETE. */
  readonly methods?: readonly string[];
  /** Whether any request with the field Idempotency-Key may be. Default false. */
  readonly idempotencyKey?: boolean;
}

export interface SplitConfig {
  /** Services that share this port, each with its weight; the service itself is one of them. */
  readonly weights: Readonly<Record<string, number>>;
  /** Keeps a client at its service: by a cookie that the gateway sets, or by a field. */
  readonly sticky?: FieldOrCookie;
  /** A request whose field names one of the services goes there, whatever its weight. */
  readonly override?: { readonly header: string };
}

export interface BalancingConfig {
  /** Default "least": the instance with the fewest requests in flight. */
  readonly balance?: "least" | "round-robin" | HashBalance;
  /** The share of an instance that has just become ready grows for so long. Default: at once. */
  readonly slowStart?: Duration;
  /** Default: an instance is left out when its connections fail, and not for what it answers. */
  readonly outlier?: OutlierConfig;
  readonly retry?: RetryConfig;
  readonly split?: SplitConfig;
  /** Instances of this zone are asked first, while enough of them are able. */
  readonly zone?: string;
  /** Of the instances in their order, again from the first when there are more. */
  readonly zones?: readonly string[];
}
