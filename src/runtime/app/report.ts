// The state of the app as the daemon is told it: whole each time, so that a lost report is no loss.
import { messageOf } from "../../kernel/errors.ts";
import type { AppReport } from "../../protocol/link.ts";
import type { Commands } from "./commands.ts";
import { breakerName } from "./orders.ts";
import type { Parts } from "./parts.ts";

/** Reading all metrics costs more than the rest: their figures are as old as this at most. */
const figuresEveryMs = 5_000;

export function reporting(parts: Parts, commands: Commands): () => Promise<AppReport> {
  const figures = figuresOf(parts);
  return async () => {
    const { health, life, log, features, policies, watchdog, recovery } = parts;
    const { status, reason } = health.summary("health");
    return {
      status,
      ...(reason === undefined ? {} : { reason }),
      live: health.summary("live").ok,
      ready: health.summary("ready").ok,
      started: health.summary("startup").ok,
      stopping: life.stopping,
      logLevel: log.level,
      level: features.level,
      checks: health.list().map(({ name, status: is, critical, since, ...check }) => ({
        ...{ name, status: is, critical, since },
        ...(check.reason === undefined ? {} : { reason: check.reason }),
        ...(check.latencyMs === undefined ? {} : { latencyMs: check.latencyMs }),
      })),
      features: features.list().map(({ name, available, why, override }) => ({
        ...{ name, available, why: why.text },
        ...(override === undefined ? {} : { override: override.state }),
      })),
      breakers: policies.breakers().map((one) => ({
        name: breakerName(one),
        state: one.breaker.state,
        isolated: one.breaker.isolated,
      })),
      watched: watchdog.list().map(({ id, kind, state, restarts, lastLoss }) => ({
        ...{ id, kind, state, restarts },
        ...(lastLoss === undefined ? {} : { lastLoss: lastLoss.reason }),
      })),
      recoveries: recovery
        .list()
        .map(({ type, source, state, failures }) => ({ type, source, state, failures })),
      commands: commands.names(),
      left: 0,
      figures: await figures(),
    };
  };
}

function figuresOf({ metrics, clock, log }: Parts): () => Promise<AppReport["figures"]> {
  let read: Record<string, number> = {};
  let readAt = Number.NEGATIVE_INFINITY;
  const look = async (): Promise<void> => {
    const found = (await metrics.families()).flatMap(({ name, type, samples }) => {
      const [sample] = samples;
      const isPlain = (type === "counter" || type === "gauge") && samples.length === 1;
      if (!isPlain || sample?.labels !== "" || !Number.isFinite(sample.value)) return [];
      return [[name, sample.value] as const];
    });
    read = Object.fromEntries(found);
    const delay = read.nodejs_eventloop_lag_p99_seconds;
    if (delay !== undefined) read.loop_delay_p99_ms = delay * 1_000;
  };
  return async () => {
    const now = clock.now();
    if (now - readAt >= figuresEveryMs) {
      readAt = now;
      await look().catch((error: unknown) => {
        log.debug(`no figures for the daemon: ${messageOf(error)}`);
      });
    }
    const { rss, heapUsed } = process.memoryUsage();
    return { ...read, rss_bytes: rss, heap_used_bytes: heapUsed };
  };
}
