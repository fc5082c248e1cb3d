// One step of the loop: an input goes in, the decisions that follow from it come out. Pure.
import { invariant } from "../kernel/errors.ts";
import type { Intent } from "../model/action.ts";
import type { EvidenceWanted } from "../model/diagnosis.ts";
import type { DecisionDraft, Draft, Event, InputDraft } from "../model/event.ts";
import type { Reading } from "../model/reading.ts";
import { act, expire, type Traits } from "./act.ts";
import { prove, recover, retire, settle } from "./close.ts";
import { diagnose } from "./diagnose.ts";
import { fold } from "./fold.ts";
import { runJobs } from "./jobs.ts";
import { plan } from "./plan.ts";
import { watchProcesses } from "./processes.ts";
import { afterEvent, notice, type RulesFor, sense } from "./sense.ts";
import { emptySenses, emptyState, openIncidents, type Senses, type State } from "./state.ts";
import { triage } from "./triage.ts";
import { verify } from "./verify.ts";

/** Everything the loop holds in memory. */
export interface Mind {
  readonly state: State;
  readonly senses: Senses;
}

export type Input =
  | { readonly kind: "event"; readonly draft: InputDraft; readonly atMs: number }
  | { readonly kind: "tick"; readonly readings: readonly Reading[]; readonly atMs: number };

/** What the shell has to do because of a step. */
export type Command =
  | { readonly kind: "act"; readonly intent: Intent }
  | { readonly kind: "capture"; readonly incident: string; readonly wanted: EvidenceWanted }
  | { readonly kind: "run"; readonly run: JobRun };

/** One run of a job. */
export interface JobRun {
  readonly service: string;
  readonly by: string;
  /** Whether what runs now makes way for it. */
  readonly replaces: boolean;
}

export interface Stepped {
  readonly mind: Mind;
  /** The input (when it is an event) and the decisions, in order: to be journalled together. */
  readonly events: readonly Event[];
  readonly commands: readonly Command[];
}

/** What the step needs to know of the kinds, without naming one. */
export interface Knowledge {
  readonly rulesFor: RulesFor;
  readonly traits: Traits;
}

export type Step = (mind: Mind, input: Input) => Stepped;

export const emptyMind: Mind = { state: emptyState, senses: emptySenses };

/** More decisions than this from one input mean that two rules contradict each other. */
const decisionsMax = 1_000;

export function createStep(knowledge: Knowledge): Step {
  return (before, input) => {
    const run = begin(before, input.atMs);
    if (input.kind === "event") {
      const event = run.record(input.draft);
      run.cause = event.seq;
    } else {
      const { state, senses } = run;
      const [next, found] = sense(state, senses, input.readings, input.atMs, knowledge.rulesFor);
      run.senses = next;
      for (const draft of found) run.record(draft);
    }
    settleAll(run, input.atMs, knowledge);
    return {
      mind: { state: run.state, senses: run.senses },
      events: run.events,
      commands: run.events.flatMap(toCommand),
    };
  };
}

interface Run {
  state: State;
  senses: Senses;
  cause: number | undefined;
  readonly events: Event[];
  readonly record: (draft: Draft) => Event;
}

function begin(before: Mind, atMs: number): Run {
  const run: Run = {
    state: before.state,
    senses: notice(before.senses, atMs),
    cause: undefined,
    events: [],
    record: (draft) => {
      const offsetMs =
        draft.type === "daemon.started" || draft.type === "clock.stepped"
          ? draft.data.offsetMs
          : run.state.offsetMs;
      const event = {
        seq: run.state.seq + 1,
        type: draft.type,
        subject: draft.subject,
        atMs,
        time: new Date(atMs + offsetMs).toISOString(),
        ...(draft.incident === undefined ? {} : { incident: draft.incident }),
        ...(run.cause === undefined ? {} : { cause: run.cause }),
        data: draft.data,
      } as Event;
      run.state = fold(run.state, event);
      run.senses = afterEvent(run.senses, event);
      run.events.push(event);
      return event;
    },
  };
  return run;
}

/** Runs the stages until none has anything more to say. */
function settleAll(run: Run, nowMs: number, { traits }: Knowledge): void {
  const stages: readonly (() => readonly DecisionDraft[])[] = [
    () => retire(run.state),
    () => recover(run.state),
    () => runJobs(run.state, nowMs),
    () => watchProcesses(run.state, run.senses, nowMs),
    () => triage(run.state),
    () => verify(run.state, run.senses, nowMs),
    () => expire(run.state, nowMs),
    () => diagnose(run.state, run.senses, nowMs),
    () => plan(run.state),
    () => act(run.state, nowMs, traits),
    () => settle(run.state, nowMs),
    () => prove(run.state, run.senses, nowMs),
  ];
  for (let decided = true; decided; ) {
    decided = false;
    for (const stage of stages) {
      const drafts = stage();
      if (drafts.length === 0) continue;
      for (const draft of drafts) run.record(draft);
      decided = true;
      break;
    }
    invariant(run.events.length <= decisionsMax, lastWords(run.events));
  }
}

function lastWords(events: readonly Event[]): string {
  const types = events.slice(-6).map((event) => event.type);
  return `the stages do not come to rest: ${types.join(", ")}`;
}

function toCommand(event: Event): readonly Command[] {
  if (event.type === "action.intended") return [{ kind: "act", intent: event.data }];
  if (event.type === "job.run") {
    const { by, replaces = false } = event.data;
    return [{ kind: "run", run: { service: event.subject, by, replaces } }];
  }
  if (event.type === "evidence.requested" && event.incident !== undefined) {
    return [{ kind: "capture", incident: event.incident, wanted: event.data }];
  }
  return [];
}

/** When the next wait ends that no tick has seen end: the shell ticks then. */
export function wakeAt(state: State, tickedAtMs: number): number | undefined {
  const times = openIncidents(state)
    .flatMap(({ standing }) => (standing?.untilMs === undefined ? [] : [standing.untilMs]))
    .filter((untilMs) => untilMs > tickedAtMs);
  return times.length === 0 ? undefined : Math.min(...times);
}
