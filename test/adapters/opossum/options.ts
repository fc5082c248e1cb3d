// Opossum's options with its defaults.
import type { EventEmitter } from "node:events";
import type { Stats, Status } from "./status.ts";
import { type CacheTransport, MemoryCache } from "./store.ts";

const resetters = ["error", "success", "timeout"] as const;
export type Resetter = (typeof resetters)[number];

/** What another breaker of its kind was like. */
export interface BreakerStateGiven {
  readonly enabled?: boolean;
  readonly closed?: boolean;
  readonly halfOpen?: boolean;
  readonly warmUp?: boolean;
  readonly shutdown?: boolean;
  readonly lastTimerAt?: number | undefined;
}

/** Times in milliseconds. */
export interface Options {
  name?: string;
  group?: string;
  timeout?: number | false;
  maxFailures?: number;
  resetTimeout?: number;
  errorThresholdPercentage?: number;
  volumeThreshold?: number;
  rollingCountTimeout?: number;
  rollingCountBuckets?: number;
  rollingPercentilesEnabled?: boolean;
  rotateBucketController?: EventEmitter;
  enableSnapshots?: boolean;
  capacity?: number;
  enabled?: boolean;
  allowWarmUp?: boolean;
  errorFilter?: (error: unknown, ...args: unknown[]) => unknown;
  cache?: boolean;
  cacheTTL?: number;
  cacheSize?: number;
  cacheGetKey?: (...args: unknown[]) => string;
  cacheTransport?: CacheTransport;
  coalesce?: boolean;
  coalesceTTL?: number;
  coalesceSize?: number;
  coalesceResetOn?: readonly string[];
  abortController?: AbortController;
  autoRenewAbortController?: boolean;
  state?: BreakerStateGiven;
  status?: Status | Partial<Stats>;
}

type Defaulted =
  | "timeout"
  | "resetTimeout"
  | "errorThresholdPercentage"
  | "volumeThreshold"
  | "rollingCountTimeout"
  | "rollingCountBuckets"
  | "rollingPercentilesEnabled"
  | "enableSnapshots"
  | "capacity"
  | "errorFilter"
  | "cacheTTL"
  | "cacheGetKey"
  | "coalesce"
  | "coalesceTTL";

export type Rules = Omit<Options, Defaulted | "coalesceResetOn"> & {
  [Key in Defaulted]-?: Exclude<Options[Key], undefined>;
} & {
  coalesceResetOn: readonly Resetter[];
  coalesceCache: MemoryCache | undefined;
};

const noAction =
  "No action provided. Cannot construct a CircuitBreaker without an invocable action.";
const deprecated = "options.maxFailures is deprecated. Please use options.errorThresholdPercentage";

export function rulesOf(action: unknown, given: Options): Rules {
  if (!action) throw new TypeError(noAction);
  if (given.maxFailures) console.error(deprecated);
  const timeout = given.timeout ?? 10_000;
  const rules: Rules = {
    ...given,
    timeout,
    resetTimeout: given.resetTimeout ?? 30_000,
    errorThresholdPercentage: given.errorThresholdPercentage ?? 50,
    volumeThreshold: whole(given.volumeThreshold) ?? 0,
    rollingCountTimeout: given.rollingCountTimeout ?? 10_000,
    rollingCountBuckets: given.rollingCountBuckets ?? 10,
    rollingPercentilesEnabled: given.rollingPercentilesEnabled !== false,
    enableSnapshots: given.enableSnapshots !== false,
    capacity: whole(given.capacity) ?? Number.MAX_SAFE_INTEGER,
    errorFilter: given.errorFilter ?? (() => false),
    cacheTTL: given.cacheTTL ?? 0,
    cacheGetKey: given.cacheGetKey ?? ((...args) => JSON.stringify(args)),
    coalesce: given.coalesce === true,
    coalesceTTL: given.coalesceTTL ?? (timeout || 0),
    coalesceResetOn: resetters.filter((one) => given.coalesceResetOn?.includes(one)),
    coalesceCache: given.coalesce ? new MemoryCache(given.coalesceSize) : undefined,
  };
  if (given.cache) rules.cacheTransport = transportOf(given);
  if (given.autoRenewAbortController) rules.abortController ??= new AbortController();
  if (rules.abortController && typeof rules.abortController.abort !== "function")
    throw new TypeError("AbortController does not contain `abort()` method");
  return rules;
}

function whole(value: number | undefined): number | undefined {
  return Number.isInteger(value) ? value : undefined;
}

function transportOf({ cacheTransport, cacheSize }: Options): CacheTransport {
  if (cacheTransport === undefined) return new MemoryCache(cacheSize);
  const verbs = ["get", "set", "flush"] as const;
  if (verbs.every((verb) => cacheTransport[verb])) return cacheTransport;
  throw new TypeError(
    "options.cacheTransport should be an object with `get`, `set` and `flush` methods",
  );
}
