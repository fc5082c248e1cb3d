// How a service's requests are shared out, with every default filled in, as its route is told it.
import type {
  BalanceBlock,
  BalancedRoute,
  OutlierBlock,
  RequestKey,
  RetryBlock,
  SplitBlock,
} from "../protocol/gateway-balancing.ts";
import type {
  BalancingConfig,
  FieldOrCookie,
  OutlierConfig,
  RetryConfig,
  SplitConfig,
} from "./config-gateway-balancing.ts";
import { ms } from "./defaults.ts";

interface OutlierDefaults {
  readonly factor: number;
  readonly instances: number;
  readonly firstMs: number;
  readonly maxMs: number;
}

/** The first two are Envoy's; times are shorter, because the daemon's own probes act in seconds. */
export const outlierDefaults: OutlierDefaults = {
  ...{ factor: 1.9, instances: 5 },
  ...{ firstMs: 10_000, maxMs: 300_000 },
};

export function toBalancing({
  balance,
  slowStart,
  outlier,
  retry,
  split,
  zone,
}: BalancingConfig): BalancedRoute {
  const isSaid = balance !== undefined || slowStart !== undefined;
  return {
    ...(isSaid ? { balance: toBalance(balance, ms(slowStart, 0)) } : {}),
    ...(outlier ? { outlier: toOutlier(outlier) } : {}),
    ...(retry ? { retry: toRetry(retry) } : {}),
    ...(split ? { split: toSplit(split) } : {}),
    ...(zone === undefined ? {} : { zone }),
  };
}

function toBalance(
  balance: BalancingConfig["balance"] = "least",
  slowStartMs: number,
): BalanceBlock {
  const slow = slowStartMs > 0 ? { slowStartMs } : {};
  if (typeof balance === "string") return { kind: balance, ...slow };
  const { hash, load = 1.25 } = balance;
  const key: RequestKey = typeof hash === "string" ? { by: hash } : named(hash);
  return { kind: "hash", key, load, ...slow };
}

function toOutlier({
  failures = 5,
  successRate,
  maxShare = 0.5,
  ...times
}: OutlierConfig): OutlierBlock {
  const { factor, instances, firstMs, maxMs } = outlierDefaults;
  return {
    failures,
    ...(successRate
      ? {
          successRate: {
            factor: successRate.factor ?? factor,
            instances: successRate.instances ?? instances,
            requests: successRate.requests ?? 100,
          },
        }
      : {}),
    intervalMs: ms(times.interval, 10_000),
    firstMs: ms(times.first, firstMs),
    maxMs: ms(times.max, maxMs),
    maxShare,
  };
}

function toRetry(retry: RetryConfig): RetryBlock {
  return {
    tries: retry.tries ?? 3,
    budget: retry.budget ?? 0.2,
    minPerSecond: retry.minPerSecond ?? 10,
    on: retry.on ?? ["reset", "hung"],
    methods: retry.methods ?? [],
    idempotencyKey: retry.idempotencyKey ?? false,
  };
}

function toSplit({ weights, sticky, override }: SplitConfig): SplitBlock {
  return {
    weights,
    ...(sticky ? { sticky: named(sticky) } : {}),
    ...(override ? { override: override.header.toLowerCase() } : {}),
  };
}

/** Fields know no capitals, cookies do. */
function named({ header, cookie }: FieldOrCookie): { by: "header" | "cookie"; name: string } {
  if (cookie !== undefined) return { by: "cookie", name: cookie };
  return { by: "header", name: (header ?? "").toLowerCase() };
}
