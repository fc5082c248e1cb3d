// How a route shares its requests out, as the daemon tells the gateway: balancing, ejection, repeats, releases.

/** Where a request says who it belongs to. */
export type RequestKey =
  | { readonly by: "address" | "path" }
  /** `name` of a field in small letters, or of a cookie. */
  | { readonly by: "header" | "cookie"; readonly name: string };

export interface BalanceBlock {
  readonly kind: "least" | "round-robin" | "hash";
  /** For "hash". A request without it goes where the fewest are in flight. */
  readonly key?: RequestKey;
  /** For "hash": an instance may have so many times the average in flight. */
  readonly load?: number;
  /** What has just become ready gets a share that grows for so long. */
  readonly slowStartMs?: number;
}

/** When an instance is left out for what it answers; connections that fail leave it out in any case. */
export interface OutlierBlock {
  /** Bad answers in a row; 0 is off. */
  readonly failures: number;
  /** Absent: instances are not compared with each other. */
  readonly successRate?: {
    /** Standard deviations below the mean. */
    readonly factor: number;
    /** Instances that must have had `requests` since the last comparison. */
    readonly instances: number;
    readonly requests: number;
  };
  /** From one comparison to the next; for each that an instance stays in, one ejection is forgiven. */
  readonly intervalMs: number;
  /** The first ejection; the nth in a row is n times as long, up to `maxMs`. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** Share of the instances that may be left out at once. */
  readonly maxShare: number;
}

export interface RetryBlock {
  /** How often a request may reach an instance. */
  readonly tries: number;
  /** Repeats for each request of the last 10 s, and beside them for each second. */
  readonly budget: number;
  readonly minPerSecond: number;
  /** reset: the connection ended before an answer · hung: the probe says that the instance hangs. */
  readonly on: readonly ("reset" | "hung")[];
  /** That may be repeated beside those that always may. */
  readonly methods: readonly string[];
  /** Whether any request with `Idempotency-Key` may be. */
  readonly idempotencyKey: boolean;
}

export interface SplitBlock {
  /** Whole numbers; a release with 0 is reached by `override` only. */
  readonly weights: Readonly<Record<string, number>>;
  /** What keeps a client at its release; a cookie is set by the gateway. */
  readonly sticky?: { readonly by: "header" | "cookie"; readonly name: string };
  /** Field whose value names the release. */
  readonly override?: string;
}

export interface BalancedRoute {
  readonly balance?: BalanceBlock;
  /** Instances of this zone are asked first. */
  readonly zone?: string;
  readonly outlier?: OutlierBlock;
  readonly retry?: RetryBlock;
  readonly split?: SplitBlock;
}

export interface BalancedUpstream {
  readonly release?: string;
  readonly zone?: string;
}

export interface BalancedRouteStats {
  /** Requests that were not repeated because the budget was spent. */
  readonly overBudget: number;
  /** Requests that another release took, because none of their own could. */
  readonly spilled: number;
  /**
   * What an instance had in hand when its connections ended: "POST waiting lost". The method or
   * OTHER · sending, waiting, answering · lost or repeated.
   */
  readonly interrupted: Readonly<Record<string, number>>;
}
