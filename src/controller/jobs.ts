// Jobs: what is asked to run does so, waits or is left out; what failed is tried again, then told.
import type { DecisionDraft } from "../model/event.ts";
import type { Job, JobAsk, JobRound } from "../model/job.ts";
import type { ServicePolicy } from "../model/policy.ts";
import { because, type Reason } from "../model/reason.ts";
import { instanceName } from "../model/target.ts";
import type { State } from "./state.ts";

/** Within this time a new daemon has told which processes run. */
const lostMs = 1_000;

/** One decision at a time, about the first job that needs one. */
export function runJobs(state: State, nowMs: number): readonly DecisionDraft[] {
  for (const [name, job] of Object.entries(state.jobs)) {
    const policy = state.policy.services[name];
    if (!policy?.job) continue;
    const draft = job.asked
      ? answer(state, policy, job, job.asked)
      : goOn(state, policy, job, nowMs);
    if (draft) return [draft];
  }
  return [];
}

function answer(state: State, policy: ServicePolicy, job: Job, ask: JobAsk): DecisionDraft {
  const held = state.held[policy.name];
  if (held) return skip(policy, ask, because("held", `it was stopped by ${held.by}`));
  const { round } = job;
  if (!round) return run(policy, ask, 1, whyOf(ask));
  const doing = doingOf(round);
  // Only the clock comes again and again: what people and a boot ask for needs no rule.
  const overlap = ask.by === "schedule" ? policy.job?.overlap : "skip";
  if (overlap === "replace") {
    const text = `it is due and takes the place of the round before, which ${doing}`;
    return run(policy, ask, 1, because("overlap", text), true);
  }
  if (overlap === "queue" && !job.queued) {
    const why = because("overlap", `the round before ${doing}: this one waits for its end`);
    return { type: "job.queued", subject: policy.name, data: { ...ask, why } };
  }
  const waits = overlap === "queue" ? ", and one waits already" : "";
  return skip(policy, ask, because("overlap", `the round before ${doing}${waits}`));
}

function doingOf({ running, attempt }: JobRound): string {
  return running ? "still runs" : `is not over: run ${attempt} of it is to be tried again`;
}

/** The next try of a round that is on, or the round that has waited for the end of the last. */
function goOn(
  state: State,
  policy: ServicePolicy,
  job: Job,
  nowMs: number,
): DecisionDraft | undefined {
  const { round, queued } = job;
  if (policy.name in state.held) return undefined;
  if (!round) {
    if (!queued) return undefined;
    return run(policy, queued, 1, because("queue", "the round before is over"));
  }
  const isDown = (state.instances[instanceName(policy.name, 1)]?.state ?? "down") === "down";
  if (round.running || !isDown) return undefined;
  if (round.lostAtMs !== undefined && nowMs >= round.lostAtMs + lostMs) {
    const text = "the daemon died before it could see this run start";
    return run(policy, round, round.attempt, because("lost", text));
  }
  // A person who has stopped all healing does not want the tries either.
  if (round.failedAtMs === undefined || state.paused) return undefined;
  const { firstMs, factor, maxMs } = policy.restart;
  const waitMs = Math.min(maxMs, firstMs * factor ** (round.attempt - 1));
  if (nowMs < round.failedAtMs + waitMs) return undefined;
  const of = 1 + (policy.job?.retries ?? 0);
  const next = round.attempt + 1;
  const text = `run ${round.attempt} of ${of} failed: run ${next} after a back-off of ${waitMs} ms`;
  const why: Reason = { rule: "retry", text, value: waitMs, limit: maxMs, unit: "ms" };
  return run(policy, round, next, why);
}

function whyOf({ by, missed = 0 }: JobAsk): Reason {
  if (by !== "schedule") return because("asked", `asked for by ${by}`);
  if (missed === 0) return because("schedule", "it is due");
  const text = `it is due, and makes up for ${missed} earlier ${missed === 1 ? "moment" : "moments"}`;
  return because("schedule", text, missed, 0);
}

function run(
  { name, job }: ServicePolicy,
  { by, dueAt, missed }: JobAsk,
  attempt: number,
  why: Reason,
  replaces = false,
): DecisionDraft {
  const data = {
    ...askOf(by, dueAt, missed),
    attempt,
    of: 1 + (job?.retries ?? 0),
    ...(replaces ? { replaces: true as const } : {}),
    why,
  };
  return { type: "job.run", subject: name, data };
}

function skip({ name }: ServicePolicy, ask: JobAsk, why: Reason): DecisionDraft {
  return { type: "job.skipped", subject: name, data: { ...ask, why } };
}

function askOf(by: string, dueAt: number | undefined, missed: number | undefined): JobAsk {
  return {
    by,
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(missed === undefined ? {} : { missed }),
  };
}
