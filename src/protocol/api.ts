// What the HTTP API answers: the views that the CLI and the dashboard show.
import type { ActionRecord } from "../model/action.ts";
import type { CloudEvent } from "../model/cloudevent.ts";
import type { Incident } from "../model/incident.ts";
import type { Lesson } from "../model/lesson.ts";
import type { Approval } from "../model/refusal.ts";
import type { Target } from "../model/target.ts";
import type { UndeliveredView } from "./api-channels.ts";
import type { AppReport, FromApp } from "./link.ts";
import type { SourceView } from "./sources.ts";

/** One second of one instance: ok, sick, down, busy (starting, stopping), none (no reading). */
export type Beat = "ok" | "sick" | "down" | "busy" | "none";

export interface InstanceView {
  readonly target: Target;
  readonly state: "starting" | "ready" | "stopping" | "down";
  readonly health: "healthy" | "sick" | "unknown";
  /** Why it is sick or unknown, or that it is a spare. */
  readonly note?: string;
  /** What it says of itself by sd_notify: STATUS=, and that it is reloading or stopping. */
  readonly says?: string;
  readonly pid?: number;
  readonly port?: number;
  readonly uptimeMs?: number;
  /** Unexpected ends since people last stopped it, at most 50; absent for none. */
  readonly restarts?: number;
  /** The latest value per metric, such as `process.rss`. */
  readonly latest: Readonly<Record<string, number>>;
  /** The last 60 seconds, oldest first. */
  readonly beats: readonly Beat[];
  /** Actions of the last 60 seconds: which beat, what, and in which incident. */
  readonly marks: readonly {
    readonly beat: number;
    readonly action: string;
    readonly incident: string;
  }[];
}

/** A service that ends when its work is done. */
export interface JobView {
  /** waiting: for what it depends on · retrying: between two runs · idle: it has not run yet. */
  readonly state:
    | "idle"
    | "waiting"
    | "running"
    | "retrying"
    | "completed"
    | "failed"
    | "overdue"
    | "stopped";
  /** Which run of how many at most; while a round is on. */
  readonly attempt?: number;
  readonly of?: number;
  readonly by?: string;
  /** How many rounds have ended. */
  readonly ended: number;
  readonly last?: {
    readonly result: "completed" | "failed" | "overdue" | "stopped";
    readonly code: number | null;
    readonly text: string;
    readonly tookMs: number;
    readonly attempts: number;
    readonly endedAt: string;
    readonly lastLines: readonly string[];
  };
  readonly nextAt?: string;
  /** One more waits for the end of this one. */
  readonly queued?: true;
  /** Due moments since the last run at which it did not run. */
  readonly skipped: number;
}

/** Means over the latest restarts, at most 10. */
export interface RestartCostView {
  /** Restarts of a running instance; 0: only starts were measured. */
  readonly restarts: number;
  /** From its end to ready again. */
  readonly awayMs: number;
  /** From the start of its process to ready. */
  readonly startMs: number;
  /** CPU of its main process until then. */
  readonly cpuMs?: number;
  /** Requests of the service meanwhile: answered with an error. */
  readonly lost: number;
  /** Waited for an instance. */
  readonly held: number;
  /** Sent a second time to another instance. */
  readonly repeated: number;
}

export interface ServiceView {
  readonly name: string;
  readonly port?: number;
  readonly dependsOn: readonly string[];
  readonly replicas: number;
  /** A job is healthy when it runs and when it has done its work. */
  readonly health: "healthy" | "degraded" | "down" | "starting" | "stopped";
  /** The group that it is ordered with. */
  readonly partOf?: string;
  /** By people; nothing else starts it. */
  readonly stopped?: { readonly by: string; readonly since: string };
  readonly job?: JobView;
  /** It runs elsewhere: watched, and never started or stopped; it has no instances. */
  readonly external?: true;
  /** What its latest restarts have cost on the average; absent until one was measured. */
  readonly restartCost?: RestartCostView;
  /** Why it is not healthy, or that the gateway answers for it. */
  readonly note?: string;
  /** The latest figures of its log, such as `log.lines{severity="error"}`; absent without any. */
  readonly logs?: Readonly<Record<string, number>>;
  readonly instances: readonly InstanceView[];
}

export interface IncidentView {
  readonly id: string;
  readonly service: string;
  readonly state: Incident["state"];
  /** "web/1 hangs: event loop blocked in resizeImage". */
  readonly title: string;
  readonly openedAt: string;
  readonly endedAt?: string;
  /** From the first sign to the symptom, milliseconds. */
  readonly detectMs: number;
  /** From the first sign to the end, milliseconds; so far, while open. */
  readonly durationMs: number;
  readonly actions: readonly Pick<ActionRecord, "id" | "kind" | "target" | "state">[];
}

/** Answer of GET /api/state, and the data of each `state` event on the stream. */
export interface StateView {
  readonly project: string;
  readonly version: string;
  readonly time: string;
  readonly seq: number;
  /** The answer to "is it real, what is being done, must I do anything?" in one sentence. */
  readonly verdict: {
    readonly text: string;
    readonly tone: "ok" | "healing" | "attention" | "stopped";
  };
  readonly paused?: { readonly by: string; readonly since: string; readonly reason: string };
  readonly services: readonly ServiceView[];
  /** Open ones first, then the latest ended; at most 50. */
  readonly incidents: readonly IncidentView[];
  readonly approvals: readonly (Approval & { readonly expiresInMs: number })[];
  readonly lessons: readonly Lesson[];
  /** What has not reached people yet; absent when all has. */
  readonly undelivered?: readonly UndeliveredView[];
  /** The latest figures of the machine, such as `host.cpu`; absent until they are measured. */
  readonly host?: Readonly<Record<string, number>>;
  /** How much of what is usual for its services is learnt, 0…1; absent once all is. */
  readonly learning?: number;
  readonly sources?: readonly SourceView[];
}

/** One line of an incident's timeline, ready to be read. */
export interface TimelineEntry {
  readonly seq: number;
  readonly time: string;
  /** Milliseconds since the incident's first sign. */
  readonly sinceMs: number;
  readonly lane:
    | "symptom"
    | "evidence"
    | "diagnosis"
    | "plan"
    | "guard"
    | "action"
    | "verify"
    | "end";
  readonly text: string;
  /** The rule, number and limit behind it, when it is a decision. */
  readonly why?: {
    readonly rule: string;
    readonly text: string;
    readonly value: number;
    readonly limit: number;
    readonly unit: string;
  };
  /** Lines of evidence or the steps of a receipt. */
  readonly lines?: readonly string[];
}

/** Answer of GET /api/incidents/ID. */
export interface IncidentDetail extends IncidentView {
  readonly incident: Incident;
  readonly timeline: readonly TimelineEntry[];
}

/** Answer of GET /api/series?target=&metric=&seconds=: parallel arrays, oldest first. */
export interface SeriesView {
  readonly target: Target;
  readonly metric: string;
  readonly unit: string;
  /** Unix seconds. */
  readonly at: readonly number[];
  readonly values: readonly number[];
}

/** One app that has a link to the daemon. */
export interface AppView {
  /** "web/1"; of a process that nobody supervises "NAME@PID". Orders are addressed to it. */
  readonly target: Target;
  readonly supervised: boolean;
  readonly app: string;
  readonly pid: number;
  /** Version of homeostat in the app. */
  readonly version: string;
  /** What it can be ordered. */
  readonly orders: readonly string[];
  /** silent: connected, but nothing was heard for more than 3.5 s. */
  readonly link: "up" | "silent";
  /** Since it connected. */
  readonly linkedMs: number;
  /** Absent until the first report has come. */
  readonly report?: AppReport;
  readonly reportAgeMs?: number;
  /** The latest 20 that it told, oldest first. */
  readonly events: readonly Omit<Extract<FromApp, { readonly kind: "event" }>, "kind">[];
}

/** Answer of GET /api/apps. */
export interface AppsView {
  readonly apps: readonly AppView[];
  /** Why no app can be linked at all. */
  readonly problem?: string;
}

/** Answer of POST /api/apps/TARGET/orders with `{ order, by }`: what the app says it did. */
export interface OrderView {
  readonly target: Target;
  readonly done: string;
  /** What was captured. */
  readonly file?: { readonly path: string; readonly bytes: number };
}

/** Every error of the API: status 4xx or 5xx and this body. */
export interface ErrorView {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly details?: unknown;
  };
}

/** `journal` events on the stream carry the envelope itself. */
export type StreamEvent =
  | { readonly event: "state"; readonly data: StateView }
  | { readonly event: "journal"; readonly data: CloudEvent };
