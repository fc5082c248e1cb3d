// Measures what each restart costs, from the events of the loop and the counters of the gateway.
import type { Loop } from "../controller/loop.ts";
import type { Clock } from "../kernel/clock.ts";
import type { RestartRequests } from "../model/cost.ts";
import type { Event } from "../model/event.ts";
import type { ProcessIdentity } from "../model/instance.ts";
import { serviceOf, type Target } from "../model/target.ts";
import type { Figures } from "../platforms/platform.ts";
import type { GatewayStats } from "../protocol/gateway.ts";

export interface CostsOptions {
  readonly clock: Clock;
  readonly loop: Pick<Loop, "emit" | "subscribe">;
  readonly stats: () => Promise<GatewayStats>;
  readonly figures: (identity: ProcessIdentity) => Pick<Figures, "cpuMs"> | undefined;
}

export interface Costs {
  /** To be asked in place of the gateway: what it last said is what a restart begins with. */
  readonly stats: () => Promise<GatewayStats>;
}

/** What of one instance is known until it is ready again. */
interface Way {
  readonly awayAtMs?: number;
  /** Counters of its service from before it went away. */
  readonly before?: Counters | undefined;
  readonly startedAtMs?: number;
  readonly identity?: ProcessIdentity;
}

type Counters = Readonly<Record<"held" | "unserved" | "lostUnsafe" | "retries", number>>;

/** What waited for the instance is answered by then, and counted. */
const settledMs = 300;

export function measureRestarts(options: CostsOptions): Costs {
  const { clock, loop } = options;
  const ways = new Map<Target, Way>();
  let last: GatewayStats | undefined;
  const stats = async (): Promise<GatewayStats> => {
    last = await options.stats();
    return last;
  };
  const leave = (target: Target, atMs: number): void => {
    // It is away from the order to end on: its end is no second time.
    if (ways.get(target)?.awayAtMs !== undefined) return;
    ways.set(target, { awayAtMs: atMs, before: countersOf(last, serviceOf(target)) });
  };
  const ready = async (target: Target, way: Way, atMs: number): Promise<void> => {
    const { awayAtMs, before, startedAtMs = atMs, identity } = way;
    const cpuMs = identity && options.figures(identity)?.cpuMs;
    await clock.sleep(settledMs);
    const after = before && countersOf(await stats().catch(() => undefined), serviceOf(target));
    const requests = before && after && difference(before, after);
    const data = {
      ...(awayAtMs === undefined ? {} : { awayMs: atMs - awayAtMs }),
      startMs: atMs - startedAtMs,
      ...(cpuMs === undefined ? {} : { cpuMs: Math.round(cpuMs) }),
      ...(requests ? { requests } : {}),
    };
    loop.emit({ type: "restart.cost", subject: target, data });
  };
  const hear = (event: Event): void => {
    const { subject, atMs } = event;
    if (event.type === "instance.stopping" || event.type === "instance.exited") {
      leave(subject, atMs);
    } else if (event.type === "instance.started") {
      const { identity } = event.data;
      ways.set(subject, { ...ways.get(subject), startedAtMs: atMs, identity });
    } else if (event.type === "instance.ready") {
      const way = ways.get(subject);
      ways.delete(subject);
      if (way?.startedAtMs !== undefined) void ready(subject, way, atMs);
    }
  };
  loop.subscribe((events) => {
    for (const event of events) hear(event);
  });
  return { stats };
}

function countersOf(stats: GatewayStats | undefined, service: string): Counters | undefined {
  return stats?.routes.find((route) => route.service === service);
}

/** Undefined when the gateway began anew meanwhile: then nobody knows what was before. */
function difference(before: Counters, after: Counters): RestartRequests | undefined {
  const requests = {
    lost: after.unserved + after.lostUnsafe - before.unserved - before.lostUnsafe,
    held: after.held - before.held,
    repeated: after.retries - before.retries,
  };
  return Object.values(requests).every((count) => count >= 0) ? requests : undefined;
}
