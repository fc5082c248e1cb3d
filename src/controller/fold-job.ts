// The part of the fold about jobs: who asked for a run, which round is on, and how the last ended.
import type { Event } from "../model/event.ts";
import type { Exit } from "../model/instance.ts";
import { type Job, type JobAsk, type JobResult, type JobRound, noJob } from "../model/job.ts";
import type { ServicePolicy } from "../model/policy.ts";
import { instanceName, serviceOf } from "../model/target.ts";
import { put, type State, without } from "./state.ts";

export function foldJob(before: State, state: State, event: Event): State {
  switch (event.type) {
    case "daemon.started":
      return each(state, (job) => lose(job, event.atMs));
    case "daemon.stopped":
      return each(state, ({ asked: _, queued: __, round: ___, ...rest }) => rest);
    case "config.applied":
      return timetables(before, state, event.atMs);
    case "operator.stopped":
    case "operator.started":
      return change(state, event.subject, (job) => calledOff(job, state, event));
    default:
      return foldOne(state, event);
  }
}

function foldOne(state: State, event: Event): State {
  const service = serviceOf(event.subject);
  const policy = state.policy.services[service];
  if (!policy?.job) return state;
  const set = (make: (job: Job) => Job): State =>
    putJob(state, service, make(state.jobs[service] ?? noJob));
  switch (event.type) {
    case "job.due":
      return set((job) => ({ ...job, asked: event.data, ...done(job, event.data) }));
    case "job.missed": {
      const { dueAt, missed } = event.data;
      return set((job) => ({ ...job, doneAt: dueAt, skipped: job.skipped + missed }));
    }
    case "job.run": {
      const next = set((job) => begin(job, event));
      if (event.data.attempt > 1) return next;
      return { ...next, exits: put(next.exits, instanceName(service, 1), []) };
    }
    case "job.queued": {
      const { why: _, ...ask } = event.data;
      return set(({ asked: __, ...job }) => ({ ...job, queued: ask }));
    }
    case "job.skipped":
      return set(({ asked: _, ...job }) => ({ ...job, skipped: job.skipped + 1 }));
    case "instance.started":
    case "instance.adopted":
      return set((job) => running(job, event));
    case "instance.exited":
      return set((job) => ended(job, policy, event.data, event.atMs));
    default:
      return state;
  }
}

function begin(job: Job, event: Extract<Event, { type: "job.run" }>): Job {
  const { by, dueAt, missed, attempt } = event.data;
  const ask: JobAsk = {
    by,
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(missed === undefined ? {} : { missed }),
  };
  const round: JobRound = { ...ask, attempt, sinceMs: event.atMs, running: false };
  const goesOn = job.round && event.data.replaces !== true;
  if (goesOn) return { ...job, round: { ...round, sinceMs: job.round?.sinceMs ?? event.atMs } };
  // It answers what was asked for last, or what has waited for the end of the round before.
  const { asked, queued, ...rest } = job;
  const waiting = asked && queued ? { queued } : {};
  return { ...rest, ...waiting, round, skipped: 0 };
}

function running(
  job: Job,
  event: Extract<Event, { type: "instance.started" | "instance.adopted" }>,
): Job {
  const by = event.type === "instance.started" ? event.data.by : "adoption";
  const known = job.round ?? { by, attempt: 1, sinceMs: event.atMs, running: true };
  const { failedAtMs: _, lostAtMs: __, ...round } = known;
  return { ...job, round: { ...round, running: true } };
}

function ended(job: Job, policy: ServicePolicy, exit: Exit, atMs: number): Job {
  const { round, ...rest } = job;
  // The run before, which makes way for one that was decided on already.
  if (exit.stopped && round && !round.running) return job;
  const attempts = round?.attempt ?? 1;
  const mayRetry = policy.restart.when !== "never" && attempts <= (policy.job?.retries ?? 0);
  if (round && !exit.expected && mayRetry) {
    return { ...job, round: { ...round, running: false, failedAtMs: atMs } };
  }
  const { code, text, uptimeMs: tookMs, lastLines } = exit;
  const last = { result: resultOf(exit), code, text, tookMs, attempts, atMs, lastLines };
  return { ...rest, last, ended: job.ended + 1 };
}

function resultOf({ expected, stopped, overdue }: Exit): JobResult {
  if (stopped) return "stopped";
  if (overdue) return "overdue";
  return expected ? "completed" : "failed";
}

/** A run that was decided on and never seen is decided on anew, once it is known who runs. */
function lose(job: Job, atMs: number): Job {
  const { round } = job;
  if (!round || round.running || round.failedAtMs !== undefined) return job;
  return { ...job, round: { ...round, lostAtMs: atMs } };
}

/** What people stop waits for nothing more; what fell due meanwhile is not made up for. */
function calledOff(
  job: Job,
  state: State,
  event: Extract<Event, { type: "operator.stopped" | "operator.started" }>,
): Job {
  if (event.type === "operator.started") {
    return { ...job, ...(job.doneAt === undefined ? {} : { doneAt: event.atMs + state.offsetMs }) };
  }
  const { queued: _, round, ...rest } = job;
  if (!round || round.running) return { ...rest, ...(round ? { round } : {}) };
  const text = `stopped by ${event.data.by}`;
  const { code = null, lastLines = [] } =
    state.instances[instanceName(event.subject, 1)]?.exit ?? {};
  const last = {
    ...{ result: "stopped" as const, code, text, tookMs: 0, lastLines },
    ...{ attempts: round.attempt, atMs: event.atMs },
  };
  return { ...rest, last, ended: job.ended + 1 };
}

/** A schedule that is new or another one than before begins now: none of its moments was missed. */
function timetables(before: State, state: State, atMs: number): State {
  const { services } = state.policy;
  const jobs: Record<string, Job> = {
    ...without(state.jobs, (name) => services[name]?.job === undefined),
  };
  for (const [name, { job }] of Object.entries(services)) {
    if (job?.schedule === undefined) continue;
    const known = jobs[name] ?? noJob;
    const same = before.policy.services[name]?.job?.schedule === job.schedule;
    if (same && known.doneAt !== undefined) continue;
    jobs[name] = { ...known, doneAt: atMs + state.offsetMs };
  }
  return { ...state, jobs };
}

function done({ doneAt }: Job, { dueAt }: JobAsk): Pick<Job, "doneAt"> {
  const at = dueAt ?? doneAt;
  return at === undefined ? {} : { doneAt: at };
}

function each(state: State, make: (job: Job) => Job): State {
  const jobs = Object.entries(state.jobs).map(([name, job]) => [name, make(job)] as const);
  return { ...state, jobs: Object.fromEntries(jobs) };
}

function change(state: State, service: string, make: (job: Job) => Job): State {
  const job = state.jobs[service];
  return job ? putJob(state, service, make(job)) : state;
}

function putJob(state: State, service: string, job: Job): State {
  return { ...state, jobs: put(state.jobs, service, job) };
}
