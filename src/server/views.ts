// The state of the loop as the views that the API promises.
import { expectedCost } from "../controller/cost.ts";
import { rotation } from "../controller/rotation.ts";
import {
  instancesOf,
  openIncidents,
  type State,
  serviceSymptoms,
  symptomsOf,
} from "../controller/state.ts";
import type { Mind } from "../controller/step.ts";
import { formatDuration } from "../kernel/duration.ts";
import { type Incident, isOpen } from "../model/incident.ts";
import type { Instance } from "../model/instance.ts";
import type { ServicePolicy } from "../model/policy.ts";
import { metrics } from "../model/reading.ts";
import type { Symptom } from "../model/symptom.ts";
import { hostTarget, serviceOf, type Target } from "../model/target.ts";
import type { IncidentView, InstanceView, ServiceView, StateView } from "../protocol/api.ts";
import { externalHealth } from "./external-view.ts";
import { beatsKept, type History } from "./history.ts";
import { jobHealth, jobNote, jobView, waitText } from "./job-view.ts";
import { latestAs } from "./latest.ts";
import { titleOf, verdictOf } from "./title.ts";

const incidentsShown = 50;
/** What an app said of itself before that says nothing about now. */
const saidMs = 5_000;

export interface ViewSource {
  readonly mind: Mind;
  readonly history: History;
  readonly nowMs: number;
  readonly version: string;
  /** Where clients reach each routed service. */
  readonly ports: Readonly<Record<string, number>>;
  /** Wall time of the next run of each scheduled job. */
  readonly nextRuns?: ReadonlyMap<string, number>;
  /** What an instance says of itself by sd_notify. */
  readonly says?: (target: Target) => string | undefined;
}

export function stateView(source: ViewSource): StateView {
  const { mind, nowMs, version } = source;
  const { state } = mind;
  const time = (atMs: number): string => new Date(atMs + state.offsetMs).toISOString();
  const { paused } = state;
  return {
    project: state.policy.project,
    version,
    time: time(nowMs),
    seq: state.seq,
    verdict: verdictOf(state, nowMs),
    ...(paused
      ? { paused: { by: paused.by, reason: paused.reason, since: time(paused.atMs) } }
      : {}),
    ...learningOf(mind),
    ...latestAs("host", mind, hostTarget, ""),
    services: Object.values(state.policy.services).map((policy) => serviceView(source, policy)),
    incidents: incidentViews(state, nowMs),
    approvals: openIncidents(state)
      .flatMap((incident) => incident.approvals)
      .filter((approval) => approval.state === "open")
      .map((approval) => ({ ...approval, expiresInMs: approval.expiresAtMs - nowMs })),
    lessons: Object.values(state.lessons),
  };
}

function learningOf({ state, senses }: Mind): Pick<StateView, "learning"> {
  const of = metrics.seriesLearnt.name;
  const all = Object.keys(state.policy.services).flatMap(
    (service) => senses.latest[service]?.[of]?.value ?? [],
  );
  const learning = all.reduce((sum, share) => sum + share, 0) / Math.max(1, all.length);
  return all.length === 0 || learning >= 1 ? {} : { learning };
}

function incidentViews(state: State, nowMs: number): readonly IncidentView[] {
  return Object.values(state.incidents)
    .toSorted((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || Number(b.id) - Number(a.id))
    .slice(0, incidentsShown)
    .map((incident) => incidentView(state, incident, nowMs));
}

export function incidentView(state: State, incident: Incident, nowMs: number): IncidentView {
  const time = (atMs: number): string => new Date(atMs + state.offsetMs).toISOString();
  const { id, service, openedAtMs, sinceMs, endedAtMs } = incident;
  return {
    id,
    service,
    state: incident.state,
    title: titleOf(incident),
    openedAt: time(openedAtMs),
    ...(endedAtMs === undefined ? {} : { endedAt: time(endedAtMs) }),
    detectMs: Math.max(0, openedAtMs - sinceMs),
    durationMs: Math.max(0, (endedAtMs ?? nowMs) - sinceMs),
    actions: incident.actions.map(({ id, kind, target, state }) => ({ id, kind, target, state })),
  };
}

function serviceView(source: ViewSource, policy: ServicePolicy): ServiceView {
  const { state } = source.mind;
  const { name } = policy;
  const port = source.ports[name];
  const targets = instancesOf(policy);
  const instances = targets.map((target) => instanceView(source, target));
  const { health, note } = policy.external
    ? externalHealth(source.mind, policy)
    : serviceHealth(state, policy, source.nowMs);
  const held = state.held[name];
  const restartCost = expectedCost(state, name);
  const job = jobView(state, policy, source.nextRuns?.get(name));
  return {
    name,
    ...(policy.partOf === undefined ? {} : { partOf: policy.partOf }),
    ...(held
      ? { stopped: { by: held.by, since: new Date(held.atMs + state.offsetMs).toISOString() } }
      : {}),
    ...(job ? { job } : {}),
    ...(policy.external ? { external: true as const } : {}),
    ...(restartCost ? { restartCost } : {}),
    ...(port === undefined ? {} : { port }),
    dependsOn: policy.dependsOn,
    replicas: policy.replicas,
    health,
    ...(note === undefined ? {} : { note }),
    ...latestAs("logs", source.mind, name, "log."),
    instances,
  };
}

function serviceHealth(
  state: State,
  policy: ServicePolicy,
  nowMs: number,
): { readonly health: ServiceView["health"]; readonly note?: string } {
  const held = state.held[policy.name];
  if (held) return { health: "stopped", note: `stopped by ${held.by}` };
  const waits = waitText(state, policy.name, nowMs);
  if (waits !== undefined) return { health: "starting", note: waits };
  if (policy.job) return { health: jobHealth(state, policy) };
  const degraded = state.degraded[policy.name];
  if (degraded) return { health: "degraded", note: `the gateway answers for it: ${degraded.why}` };
  const present = instancesOf(policy).map((target) => state.instances[target]);
  const ready = present.filter((it) => it?.state === "ready").length;
  const all = serviceSymptoms(state, policy.name);
  const symptom = all.find(isShown);
  const told = symptom ?? all[0];
  const withNote = told === undefined ? {} : { note: `${told.target}: ${told.why.text}` };
  if (ready === policy.replicas && !symptom) return { health: "healthy", ...withNote };
  if (ready > 0) return { health: "degraded", ...withNote };
  const starting = present.some((it) => it === undefined || it.state === "starting");
  return { health: starting && !symptom ? "starting" : "down", ...withNote };
}

/** What is only unusual is told, and is no sickness. */
const isShown = ({ kind }: Symptom): boolean => kind !== "unusual";

function instanceView(source: ViewSource, target: Target): InstanceView {
  const { mind, history, nowMs } = source;
  const { state, senses } = mind;
  const instance = state.instances[target];
  const latest = Object.entries(senses.latest[target] ?? {}).map(
    ([metric, reading]) => [metric, reading.value] as const,
  );
  const { health, note } =
    orderHealth(source, target) ?? instanceHealth(mind, target, instance, nowMs);
  const ends = state.exits[target]?.length ?? 0;
  const up = instance?.state === "ready" || instance?.state === "starting";
  const says = up ? source.says?.(target) : undefined;
  return {
    target,
    state: instance?.state ?? "down",
    health,
    ...(note === undefined ? spareView(state, target) : { note }),
    ...(says === undefined ? {} : { says }),
    ...(instance?.identity ? { pid: instance.identity.pid } : {}),
    ...(instance?.port === undefined ? {} : { port: instance.port }),
    ...(up && instance ? { uptimeMs: Math.max(0, nowMs - instance.startedAtMs) } : {}),
    ...(ends === 0 ? {} : { restarts: ends }),
    latest: Object.fromEntries(latest),
    beats: history.beats(target),
    marks: marksOf(state, target, history.beatAtMs),
  };
}

/** Of one that is well, and gets no traffic while the others are. */
function spareView(state: State, target: Target): Pick<InstanceView, "note"> {
  const service = serviceOf(target);
  if (state.policy.services[service]?.spares === undefined) return {};
  const turn = rotation(state, service).find((it) => it.instance === target);
  return turn?.state === "spare" ? { note: "spare" } : {};
}

/** Of what is held down, waits, or is a job: there is more to say than that no process is there. */
function orderHealth(
  { mind: { state }, nowMs, nextRuns }: ViewSource,
  target: Target,
): { readonly health: InstanceView["health"]; readonly note?: string } | undefined {
  const policy = state.policy.services[serviceOf(target)];
  if (!policy) return undefined;
  const held = state.held[policy.name];
  const agoMs = nowMs - (held?.atMs ?? nowMs);
  if (held) {
    return { health: "unknown", note: `stopped by ${held.by}, ${formatDuration(agoMs)} ago` };
  }
  const waits = waitText(state, policy.name, nowMs);
  if (waits !== undefined) return { health: "unknown", note: waits };
  if (!policy.job) return undefined;
  const note = jobNote(state, policy, nowMs, nextRuns?.get(policy.name));
  const told = note === "" ? {} : { note };
  const symptom = symptomsOf(state, target)[0];
  const isSick = symptom && state.jobs[policy.name]?.round === undefined;
  return { health: isSick ? "sick" : "unknown", ...told };
}

function instanceHealth(
  { state, senses }: Mind,
  target: Target,
  instance: Instance | undefined,
  nowMs: number,
): { readonly health: InstanceView["health"]; readonly note?: string } {
  const symptom = symptomsOf(state, target).find(isShown);
  if (symptom) return { health: "sick", note: symptom.why.text };
  if (!instance) return { health: "unknown", note: "not started yet" };
  if (instance.state === "down") return { health: "unknown", note: instance.exit?.text ?? "down" };
  if (instance.state !== "ready") return { health: "unknown", note: instance.state };
  const probe = senses.latest[target]?.[metrics.probe.name];
  if (probe?.value === 0) return { health: "healthy", note: `last probe: ${probe.note ?? "bad"}` };
  const app = senses.latest[target]?.[metrics.appHealth.name];
  if (app?.value === 0 && nowMs - app.atMs < saidMs) {
    return { health: "healthy", note: `its app says it is unhealthy: ${app.note ?? "no reason"}` };
  }
  return { health: "healthy" };
}

function marksOf(state: State, target: Target, beatAtMs: number): InstanceView["marks"] {
  return Object.values(state.incidents)
    .flatMap((incident) => incident.actions)
    .filter((action) => action.target === target && action.startedAtMs !== undefined)
    .map((action) => ({
      beat: beatsKept - 1 - Math.floor((beatAtMs - (action.startedAtMs ?? 0)) / 1_000),
      action: action.kind,
      incident: action.incident,
    }))
    .filter((mark) => mark.beat >= 0 && mark.beat < beatsKept);
}
