// What clients of a service may do, as its route is told it.
import { parseDuration } from "../kernel/duration.ts";
import type { LimitedRoute } from "../protocol/gateway-limits.ts";
import type { LimitsConfig } from "./config-gateway-limits.ts";

export function toLimits({ limits }: LimitsConfig): LimitedRoute {
  if (!limits) return {};
  const { head, bodyIdle, request, keepAlive, ...counts } = limits;
  const times = { headMs: head, bodyIdleMs: bodyIdle, requestMs: request, keepAliveMs: keepAlive };
  const said = Object.entries(times).flatMap(([key, time]) => {
    const ms = time === undefined ? undefined : parseDuration(time);
    return ms === undefined ? [] : [[key, ms] as const];
  });
  return { limits: { ...counts, ...Object.fromEntries(said) } };
}
