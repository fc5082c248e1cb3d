// What is written in the journal: inputs that came from the world, decisions that followed.
import type { Intent, Outcome, Receipt } from "./action.ts";
import type { Change } from "./change.ts";
import type { RestartCost } from "./cost.ts";
import type { Diagnosis, EvidenceWanted } from "./diagnosis.ts";
import type { Drill, DrillResult } from "./drill.ts";
import type { Evidence } from "./evidence.ts";
import type { Exit, ProcessIdentity } from "./instance.ts";
import type { JobAsk } from "./job.ts";
import type { Lesson } from "./lesson.ts";
import type { Plan } from "./plan.ts";
import type { Policy } from "./policy.ts";
import type { Reason } from "./reason.ts";
import type { Approval, Refusal } from "./refusal.ts";
import type { Symptom } from "./symptom.ts";

/** Events that come from the world; replay feeds these. */
export interface Inputs {
  "daemon.started": { pid: number; bootId: string; version: string; offsetMs: number };
  /** Wall time minus loop time has changed: the clock was set, or the machine slept. */
  "clock.stepped": { offsetMs: number };
  "daemon.stopped": { reason: string };
  "config.applied": { policy: Policy };
  "instance.started": { identity: ProcessIdentity; port?: number; run: string; by: string };
  /** `ready`: it was before, and is taken to be so until a probe says otherwise. */
  "instance.adopted": { identity: ProcessIdentity; port?: number; run: string; ready?: true };
  /** Its start is over, and it is not ready yet: from now on it is asked whether it lives. */
  "instance.live": { tookMs: number };
  "instance.ready": { tookMs: number };
  "instance.stopping": { by: string };
  "instance.exited": Exit;
  "change.seen": Change;
  "evidence.captured": Evidence;
  "action.started": { action: string };
  "action.done": { action: string; receipt: Receipt };
  "action.failed": { action: string; error: string; receipt: Receipt };
  "operator.paused": { by: string; reason: string };
  "operator.resumed": { by: string };
  "operator.approved": { approval: string; by: string };
  "operator.denied": { approval: string; by: string };
  /** An order to the app of an instance, in words; it is told before it is sent. */
  "operator.ordered": { order: string; by: string };
  /** A service is to be down until a person starts it. */
  "operator.stopped": { by: string };
  "operator.started": { by: string };
  /** So many instances in place of what the config says, spares included, until all is stopped. */
  "operator.scaled": { by: string; replicas: number };
  /** It is not started yet, because something that it depends on is not there. */
  "service.waiting": {
    for: readonly { readonly service: string; readonly until: string }[];
    sinceMs: number;
  };
  "job.due": JobAsk;
  /** Moments that nobody could run it at, and that are not made up for. */
  "job.missed": { dueAt: number; missed: number };
  /** What the restart of an instance that is ready again has cost. */
  "restart.cost": RestartCost;
  "drill.began": Drill;
  /** Told right before the fault is done. */
  "drill.injected": { id: string };
  "drill.ended": DrillResult;
}

/** Events that the loop decided; replay must make the same ones. */
export interface Decisions {
  "symptom.raised": Symptom;
  "symptom.cleared": { key: string; text: string };
  "incident.opened": { id: string; service: string };
  "incident.joined": { id: string; symptom: string; why: Reason };
  "incident.moved": { id: string; service: string; why: Reason };
  "evidence.requested": EvidenceWanted;
  "diagnosis.made": Diagnosis;
  "plan.made": Plan;
  "guard.refused": Refusal;
  "guard.waits": Refusal;
  "guard.allowed": { action: Intent["kind"]; target: string; why: Reason };
  "approval.asked": Approval;
  "approval.expired": { id: string };
  "action.intended": Intent;
  "action.abandoned": { action: string; why: Reason };
  "action.interrupted": { action: string; why: Reason };
  "config.proven": { service: string; file: string; version: string };
  "action.judged": Outcome;
  "rung.next": { rung: number; why: Reason };
  "lesson.learned": Lesson;
  "incident.mitigated": { action: string; why: Reason };
  "incident.resolved": { why: Reason };
  "incident.escalated": { why: Reason };
  "incident.closed": { why: Reason };
  "job.run": JobAsk & { attempt: number; of: number; replaces?: true; why: Reason };
  "job.queued": JobAsk & { why: Reason };
  "job.skipped": JobAsk & { why: Reason };
}

export interface EventData extends Inputs, Decisions {}
export type EventType = keyof EventData;

export interface EventOf<T extends EventType> {
  /** Unbroken from 1. */
  readonly seq: number;
  readonly type: T;
  /** The target it is about; the project's name when it is about everything. */
  readonly subject: string;
  /** Loop time: monotonic over restarts of the daemon. Decisions use this. */
  readonly atMs: number;
  /** Wall time, ISO 8601, for people. */
  readonly time: string;
  readonly incident?: string;
  /** `seq` of the event that caused this one. */
  readonly cause?: number;
  readonly data: EventData[T];
}

/** Discriminated by `type`. */
export type Event = { [T in EventType]: EventOf<T> }[EventType];
export type InputEvent = { [T in keyof Inputs]: EventOf<T> }[keyof Inputs];

type DraftOf<T extends EventType> = Pick<EventOf<T>, "type" | "subject" | "data"> & {
  readonly incident?: string;
};
/** An event before it has a place in the journal. */
export type Draft = { [T in EventType]: DraftOf<T> }[EventType];
export type InputDraft = { [T in keyof Inputs]: DraftOf<T> }[keyof Inputs];
export type DecisionDraft = { [T in keyof Decisions]: DraftOf<T> }[keyof Decisions];

const inputTypes: Readonly<Record<keyof Inputs, true>> = {
  "daemon.started": true,
  "clock.stepped": true,
  "daemon.stopped": true,
  "config.applied": true,
  "instance.started": true,
  "instance.adopted": true,
  "instance.live": true,
  "instance.ready": true,
  "instance.stopping": true,
  "instance.exited": true,
  "change.seen": true,
  "evidence.captured": true,
  "action.started": true,
  "action.done": true,
  "action.failed": true,
  "operator.paused": true,
  "operator.resumed": true,
  "operator.approved": true,
  "operator.denied": true,
  "operator.ordered": true,
  "operator.stopped": true,
  "operator.started": true,
  "operator.scaled": true,
  "service.waiting": true,
  "job.due": true,
  "job.missed": true,
  "restart.cost": true,
  "drill.began": true,
  "drill.injected": true,
  "drill.ended": true,
};

export function isInput(event: Event): event is InputEvent {
  return event.type in inputTypes;
}
