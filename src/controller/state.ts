// What the loop knows: a fold of the journal, and beside it the senses, which a restart forgets.

import type { ActionKind, ActionRecord } from "../model/action.ts";
import type { Change } from "../model/change.ts";
import type { RestartCost } from "../model/cost.ts";
import type { Drill } from "../model/drill.ts";
import { type Incident, isOpen } from "../model/incident.ts";
import type { Instance } from "../model/instance.ts";
import type { Job } from "../model/job.ts";
import type { Lesson } from "../model/lesson.ts";
import type { Policy, ServicePolicy } from "../model/policy.ts";
import type { Reading } from "../model/reading.ts";
import { isMild, type Symptom } from "../model/symptom.ts";
import {
  diskTarget,
  hostTarget,
  instanceName,
  isInstance,
  serviceOf,
  type Target,
} from "../model/target.ts";

export type Table<T> = Readonly<Record<string, T>>;

/** One unexpected exit, kept for back-off and for telling a crash from a crash loop. */
export interface ExitMark {
  /** Of the event: moments may be equal, the order of events is not. */
  readonly seq: number;
  readonly atMs: number;
  readonly uptimeMs: number;
}

/** One action, kept for budgets. */
export interface ActionMark {
  readonly service: string;
  readonly kind: ActionKind;
  readonly diagnosis: string;
  readonly atMs: number;
}

export interface State {
  /** `seq` of the last event that was folded. */
  readonly seq: number;
  readonly atMs: number;
  /** Wall time minus loop time. */
  readonly offsetMs: number;
  /** `seq` of the last `daemon.started`. */
  readonly session: number;
  readonly policy: Policy;
  readonly instances: Table<Instance>;
  /** The latest unexpected exits per instance, at most 50. */
  readonly exits: Table<readonly ExitMark[]>;
  /** The latest changes, at most 50, oldest first. */
  readonly changes: readonly Change[];
  /** The version of each config file that is on disk, and since when. */
  readonly files: Table<{
    readonly version: string;
    readonly service: string;
    readonly atMs: number;
  }>;
  /** The version of each config file that last made its service healthy. */
  readonly proven: Table<{ readonly version: string; readonly service: string }>;
  /** Active symptoms by key. */
  readonly symptoms: Table<Symptom>;
  /** Open incidents and the latest 100 ended ones. */
  readonly incidents: Table<Incident>;
  readonly lastIncident: number;
  readonly lastAction: number;
  readonly lastApproval: number;
  /** Services that the gateway answers for, and the action that did it. */
  readonly degraded: Table<{ readonly action: string; readonly why: string }>;
  readonly paused?: { readonly by: string; readonly reason: string; readonly atMs: number };
  readonly lessons: Table<Lesson>;
  /** Services that people have stopped: nothing but a person starts them. */
  readonly held: Table<{ readonly by: string; readonly atMs: number }>;
  /** Services that people have given another number of instances than the config. */
  readonly scaled: Table<{ readonly replicas: number; readonly by: string; readonly atMs: number }>;
  /** Services that are not started yet, and what they wait for. */
  readonly waiting: Table<{
    readonly for: readonly { readonly service: string; readonly until: string }[];
    readonly sinceMs: number;
  }>;
  readonly jobs: Table<Job>;
  /** Actions of the last hour. */
  readonly recent: readonly ActionMark[];
  /** The drill that is on, and the event that announced it. */
  readonly drill?: Drill & { readonly seq: number; readonly atMs: number };
  readonly lastDrill: number;
  /** The latest restarts of each service, at most 10, oldest first. */
  readonly costs: Table<readonly RestartCost[]>;
}

/** What detectors remember and the latest readings: rebuilt from new readings after a restart. */
export interface Senses {
  /** Detector state by `target:rule`. */
  readonly detectors: Table<unknown>;
  /** The latest reading by target and metric. */
  readonly latest: Table<Table<Reading>>;
  /** Loop time of the last bad probe per instance. */
  readonly lastSickMs: Table<number>;
  readonly lastTickMs: number | undefined;
  /** Time during which the daemon itself was awake: its own stalls do not count as silence. */
  readonly awakeMs: number;
  /** Loop time since when the daemon has been looking without a gap. */
  readonly awakeSinceMs: number;
}

export const emptyState: State = {
  seq: 0,
  atMs: 0,
  offsetMs: 0,
  session: 0,
  policy: { project: "", services: {} },
  instances: {},
  exits: {},
  changes: [],
  files: {},
  proven: {},
  symptoms: {},
  incidents: {},
  lastIncident: 0,
  lastAction: 0,
  lastApproval: 0,
  degraded: {},
  lessons: {},
  held: {},
  scaled: {},
  waiting: {},
  jobs: {},
  recent: [],
  lastDrill: 0,
  costs: {},
};

export const emptySenses: Senses = {
  detectors: {},
  latest: {},
  lastSickMs: {},
  lastTickMs: undefined,
  awakeMs: 0,
  awakeSinceMs: 0,
};

/** A copy of `table` with `key` set. */
export function put<T>(table: Table<T>, key: string, value: T): Table<T> {
  return { ...table, [key]: value };
}

/** A copy of `table` without the keys for which `drop` says so. */
export function without<T>(table: Table<T>, drop: (key: string, value: T) => boolean): Table<T> {
  return Object.fromEntries(Object.entries(table).filter(([key, value]) => !drop(key, value)));
}

export function openIncidents(state: State): readonly Incident[] {
  return Object.values(state.incidents).filter(isOpen);
}

/** The instances that the policy asks for, whether they run or not. */
export function instancesOf(policy: ServicePolicy): readonly Target[] {
  return Array.from({ length: policy.replicas }, (_, i) => instanceName(policy.name, i + 1));
}

/** Whether the policy asks for this service or instance. */
export function isConfigured(policy: Policy, target: Target): boolean {
  if (target === diskTarget || target === hostTarget) return true;
  const service = policy.services[serviceOf(target)];
  if (!service) return false;
  return !isInstance(target) || instancesOf(service).includes(target);
}

export function symptomsOf(state: State, target: Target): readonly Symptom[] {
  return Object.values(state.symptoms).filter((symptom) => symptom.target === target);
}

/** Active symptoms of a service and of all its instances. */
export function serviceSymptoms(state: State, service: string): readonly Symptom[] {
  return Object.values(state.symptoms).filter((symptom) => serviceOf(symptom.target) === service);
}

/** Ready, and without a symptom of its own that is about now. */
export function isHealthy(state: State, target: Target): boolean {
  if (state.instances[target]?.state !== "ready") return false;
  return symptomsOf(state, target).every((symptom) => isMild(symptom.kind));
}

/** All services that `service` depends on, over any number of steps. */
export function dependenciesOf(policy: Policy, service: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    for (const next of policy.services[name]?.dependsOn ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      visit(next);
    }
  };
  visit(service);
  return found;
}

/** Short runs in a row that the instance has just had: 0 after a stable one. */
export function shortRuns(state: State, target: Target, stableMs: number): number {
  const exits = state.exits[target] ?? [];
  const firstLong = exits.toReversed().findIndex((exit) => exit.uptimeMs >= stableMs);
  return firstLong < 0 ? exits.length : firstLong;
}

/** Instances of a service whose process ended and was not meant to. */
export function downInstances(state: State, service: string): readonly Target[] {
  return Object.values(state.instances)
    .filter((other) => serviceOf(other.target) === service)
    .filter((other) => other.state === "down" && other.exit?.expected === false)
    .map((other) => other.target)
    .toSorted();
}

/** Actions of an incident that were not judged yet. */
export function pendingActions(incident: Incident): readonly ActionRecord[] {
  return incident.actions.filter((action) => !action.outcome && action.state !== "abandoned");
}

/**
 * Since when no symptom of the incident's own service is active; undefined while one is. What is
 * left at its dependents then has a cause of its own.
 */
export function calmSince(incident: Incident): number | undefined {
  const own = incident.symptoms.filter((it) => serviceOf(it.target) === incident.service);
  if (own.some((symptom) => symptom.clearedAtMs === undefined)) return undefined;
  const times = own.map((symptom) => symptom.clearedAtMs ?? 0);
  return Math.max(incident.openedAtMs, ...times);
}

/** The degrade of the incident that holds now. */
export function standingDegrade(state: State, incident: Incident): ActionRecord | undefined {
  return incident.actions.find(
    (action) => action.kind === "degrade" && state.degraded[action.target]?.action === action.id,
  );
}
