// The lines of the control socket on what clients of a route may do.
import { durationMaxMs } from "../../kernel/duration.ts";
import type { LimitedRoute, LimitsBlock } from "../../protocol/gateway-limits.ts";
import { amount, type Fields, fields, maybe, whole } from "../../protocol/shape.ts";

/** @throws WIRE_SHAPE */
export function limits(raw: Fields, at: string): LimitedRoute {
  return maybe("limits", raw.limits, at, block);
}

function block(value: unknown, at: string): LimitsBlock {
  const raw = fields(value, at);
  const count = (it: unknown, where: string): number => whole(it, where, 1);
  const time = (it: unknown, where: string): number => amount(it, where, durationMaxMs);
  return {
    ...maybe("headBytes", raw.headBytes, at, count),
    ...maybe("bodyBytes", raw.bodyBytes, at, whole),
    ...maybe("connections", raw.connections, at, count),
    ...maybe("requestsPerConnection", raw.requestsPerConnection, at, count),
    ...maybe("headMs", raw.headMs, at, time),
    ...maybe("bodyIdleMs", raw.bodyIdleMs, at, time),
    ...maybe("requestMs", raw.requestMs, at, time),
    ...maybe("keepAliveMs", raw.keepAliveMs, at, time),
  };
}
