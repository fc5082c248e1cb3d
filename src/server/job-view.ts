// Jobs, and what is held down or waits, as the API shows them.
import type { State } from "../controller/state.ts";
import { formatDuration } from "../kernel/duration.ts";
import type { Job } from "../model/job.ts";
import type { ServicePolicy } from "../model/policy.ts";
import { instanceName } from "../model/target.ts";
import type { JobView, ServiceView } from "../protocol/api.ts";

/** Undefined for a service that is no job. `nextAt`: wall time. */
export function jobView(
  state: State,
  policy: ServicePolicy,
  nextAt: number | undefined,
): JobView | undefined {
  if (!policy.job) return undefined;
  const job = state.jobs[policy.name] ?? { ended: 0, skipped: 0 };
  const { last, round, queued } = job;
  const time = (atMs: number): string => new Date(atMs + state.offsetMs).toISOString();
  return {
    state: stateOf(state, policy.name, job),
    ended: job.ended,
    skipped: job.skipped,
    ...(round ? { attempt: round.attempt, of: policy.job.retries + 1, by: round.by } : {}),
    ...(queued ? { queued: true as const } : {}),
    ...(nextAt === undefined ? {} : { nextAt: new Date(nextAt).toISOString() }),
    ...(last
      ? {
          last: {
            ...{ result: last.result, code: last.code, text: last.text, tookMs: last.tookMs },
            ...{ attempts: last.attempts, endedAt: time(last.atMs), lastLines: last.lastLines },
          },
        }
      : {}),
  };
}

function stateOf(state: State, name: string, { round, last }: Job): JobView["state"] {
  if (round) return round.running || round.failedAtMs === undefined ? "running" : "retrying";
  if (name in state.waiting) return "waiting";
  return last?.result ?? "idle";
}

/** What people read beside a job: how it ended, and when it comes again. */
export function jobNote(
  state: State,
  policy: ServicePolicy,
  nowMs: number,
  nextAt: number | undefined,
): string {
  const { last, round, skipped, queued } = state.jobs[policy.name] ?? { skipped: 0 };
  const texts: string[] = [];
  if (round?.failedAtMs !== undefined) {
    const how = state.instances[instanceName(policy.name, 1)]?.exit?.text ?? "it failed";
    texts.push(`run ${round.attempt} of ${(policy.job?.retries ?? 0) + 1} failed: ${how}`);
  } else if (round) {
    texts.push(`runs for ${ago(nowMs - round.sinceMs)}, asked for by ${round.by}`);
  } else if (last?.result === "completed") {
    texts.push(`took ${formatDuration(last.tookMs)}, ${ago(nowMs - last.atMs)} ago`);
  } else if (last) {
    const runs = last.attempts > 1 ? `${last.attempts} runs failed, the last by ` : "";
    const isStop = last.result === "stopped";
    texts.push(`${isStop ? "" : runs}${last.text}, ${ago(nowMs - last.atMs)} ago`);
  }
  if (queued) texts.push("one more waits");
  if (skipped > 0) texts.push(`${skipped} left out since`);
  if (nextAt !== undefined) {
    texts.push(`next run in ${ago(Math.max(0, nextAt - nowMs - state.offsetMs))}`);
  }
  return texts.join("; ");
}

/** A job is well when it runs and when it has done its work. */
export function jobHealth(state: State, policy: ServicePolicy): ServiceView["health"] {
  switch (stateOf(state, policy.name, state.jobs[policy.name] ?? { ended: 0, skipped: 0 })) {
    case "failed":
    case "overdue":
      return "down";
    case "retrying":
      return "degraded";
    case "waiting":
      return "starting";
    default:
      return "healthy";
  }
}

/** "db to be ready (given up), and migrate to have completed; for 12 s"; undefined: it does not. */
export function waitText(state: State, service: string, nowMs: number): string | undefined {
  const waiting = state.waiting[service];
  if (!waiting) return undefined;
  const parts = waiting.for.map(({ service: other, until }) => {
    const why = trouble(state, other);
    return `${other} to ${until}${why === undefined ? "" : ` (${why})`}`;
  });
  return `waits for ${parts.join(", and for ")}; so far for ${ago(nowMs - waiting.sinceMs)}`;
}

/** Why what is waited for may never come. */
function trouble(state: State, service: string): string | undefined {
  const held = state.held[service];
  if (held) return `stopped by ${held.by}`;
  const last = state.jobs[service]?.last;
  if (last && last.result !== "completed") return `it ${last.result}: ${last.text}`;
  const waits = state.waiting[service]?.for.map((it) => it.service).join(", ");
  if (waits !== undefined) return `waits itself for ${waits}`;
  const givenUp = Object.values(state.incidents).find(
    (it) => it.service === service && it.state === "escalated",
  );
  if (givenUp) return givenUp.ending?.text ?? "given up";
  return Object.values(state.symptoms).find((it) => it.target.startsWith(`${service}/`))?.why.text;
}

function ago(ms: number): string {
  return formatDuration(ms < 1_000 ? ms : Math.floor(ms / 1_000) * 1_000);
}
