// The lines of the control socket on balancing, ejection, repeats and releases.
import { durationMaxMs } from "../../kernel/duration.ts";
import type {
  BalanceBlock,
  BalancedRoute,
  BalancedRouteStats,
  BalancedUpstream,
  OutlierBlock,
  RequestKey,
  RetryBlock,
  SplitBlock,
} from "../../protocol/gateway-balancing.ts";
import {
  amount,
  type Fields,
  fields,
  flag,
  list,
  maybe,
  mismatch,
  text,
  whole,
  word,
} from "../../protocol/shape.ts";

const releasesMax = 16;
const weightMax = 1_000_000;
const methodsMax = 32;
const interruptedMax = 64;

/** @throws WIRE_SHAPE */
export function balancing(raw: Fields, at: string): BalancedRoute {
  return {
    ...maybe("balance", raw.balance, at, balance),
    ...maybe("zone", raw.zone, at, text),
    ...maybe("outlier", raw.outlier, at, outlier),
    ...maybe("retry", raw.retry, at, retry),
    ...maybe("split", raw.split, at, split),
  };
}

/** @throws WIRE_SHAPE */
export function place(raw: Fields, at: string): BalancedUpstream {
  return { ...maybe("release", raw.release, at, text), ...maybe("zone", raw.zone, at, text) };
}

/** @throws WIRE_SHAPE */
export function balancingStats(raw: Fields, at: string): BalancedRouteStats {
  return {
    overBudget: whole(raw.overBudget, `${at}.overBudget`),
    spilled: whole(raw.spilled, `${at}.spilled`),
    interrupted: counts(raw.interrupted, `${at}.interrupted`, interruptedMax),
  };
}

function balance(value: unknown, at: string): BalanceBlock {
  const raw = fields(value, at);
  const kind = word(raw.kind, `${at}.kind`, ["least", "round-robin", "hash"] as const);
  if (kind === "hash" && raw.key === undefined) return mismatch(`${at}.key`, "a key", raw.key);
  return {
    kind,
    ...maybe("key", raw.key, at, key),
    ...maybe("load", raw.load, at, (load, where) => atLeast(load, where, 1, 100)),
    ...maybe("slowStartMs", raw.slowStartMs, at, (ms, where) => amount(ms, where, durationMaxMs)),
  };
}

function key(value: unknown, at: string): RequestKey {
  const raw = fields(value, at);
  const by = word(raw.by, `${at}.by`, ["address", "path", "header", "cookie"] as const);
  return by === "address" || by === "path" ? { by } : { by, name: text(raw.name, `${at}.name`) };
}

function outlier(value: unknown, at: string): OutlierBlock {
  const raw = fields(value, at);
  const firstMs = amount(raw.firstMs, `${at}.firstMs`, durationMaxMs);
  return {
    failures: whole(raw.failures, `${at}.failures`, 0, 1_000_000),
    ...maybe("successRate", raw.successRate, at, successRate),
    intervalMs: atLeast(raw.intervalMs, `${at}.intervalMs`, 1, durationMaxMs),
    firstMs,
    maxMs: atLeast(raw.maxMs, `${at}.maxMs`, firstMs, durationMaxMs),
    maxShare: amount(raw.maxShare, `${at}.maxShare`, 1),
  };
}

function successRate(value: unknown, at: string): NonNullable<OutlierBlock["successRate"]> {
  const raw = fields(value, at);
  return {
    factor: amount(raw.factor, `${at}.factor`, 100),
    instances: whole(raw.instances, `${at}.instances`, 2, 1_000),
    requests: whole(raw.requests, `${at}.requests`, 1, 1_000_000_000),
  };
}

function retry(value: unknown, at: string): RetryBlock {
  const raw = fields(value, at);
  return {
    tries: whole(raw.tries, `${at}.tries`, 1, 10),
    budget: amount(raw.budget, `${at}.budget`, 10),
    minPerSecond: amount(raw.minPerSecond, `${at}.minPerSecond`, 1_000_000),
    on: list(raw.on, `${at}.on`, 2, (it, where) => word(it, where, ["reset", "hung"] as const)),
    methods: list(raw.methods, `${at}.methods`, methodsMax, text),
    idempotencyKey: flag(raw.idempotencyKey, `${at}.idempotencyKey`),
  };
}

function split(value: unknown, at: string): SplitBlock {
  const raw = fields(value, at);
  const weights = counts(raw.weights, `${at}.weights`, releasesMax, weightMax);
  return {
    weights,
    ...maybe("sticky", raw.sticky, at, (it, where) => {
      const { by, name } = fields(it, where);
      return {
        by: word(by, `${where}.by`, ["header", "cookie"] as const),
        name: text(name, `${where}.name`),
      };
    }),
    ...maybe("override", raw.override, at, text),
  };
}

function counts(
  value: unknown,
  at: string,
  limit: number,
  high?: number,
): Readonly<Record<string, number>> {
  const entries = Object.entries(fields(value, at));
  if (entries.length > limit) return mismatch(at, `at most ${limit} names`, entries.length);
  // Not by assignment: a name may be one that every object knows.
  return Object.fromEntries(
    entries.map(([name, count]) => [text(name, at), whole(count, `${at}.${name}`, 0, high)]),
  );
}

function atLeast(value: unknown, at: string, low: number, high: number): number {
  const found = amount(value, at, high);
  return found >= low ? found : mismatch(at, `a number from ${low} to ${high}`, value);
}
