// Diagnose: what is wrong with an open incident, or which evidence is missing to tell.
import type { Case, CaseDependency, CaseInstance } from "../diagnosis/case.ts";
import { diagnose as decide } from "../diagnosis/diagnose.ts";
import type { Change } from "../model/change.ts";
import type { DecisionDraft } from "../model/event.ts";
import type { Incident } from "../model/incident.ts";
import type { ServicePolicy } from "../model/policy.ts";
import { metrics } from "../model/reading.ts";
import { serviceOf } from "../model/target.ts";
import { isExternalSick } from "./external.ts";
import {
  instancesOf,
  openIncidents,
  type Senses,
  type State,
  serviceSymptoms,
  shortRuns,
} from "./state.ts";

/** A change that is older than this is no longer a suspect. */
const lookbackMs = 1_800_000;

export function diagnose(state: State, senses: Senses, nowMs: number): readonly DecisionDraft[] {
  for (const incident of openIncidents(state)) {
    const policy = state.policy.services[incident.service];
    if (incident.state !== "open" || incident.mitigatedBy !== undefined || !policy) continue;
    const answer = decide(toCase(state, senses, incident, policy, nowMs));
    if (!answer || answer.kind === "wait") continue;
    if (answer.kind === "want") {
      const missing = answer.wanted.filter(
        (wanted) => !incident.awaiting.includes(`${wanted.kind} ${wanted.target}`),
      );
      if (missing.length === 0) continue;
      return missing.map((wanted) => ({
        type: "evidence.requested",
        subject: wanted.target,
        incident: incident.id,
        data: wanted,
      }));
    }
    const { diagnosis } = answer;
    const held = incident.diagnosis;
    if (held?.kind === diagnosis.kind && held.target === diagnosis.target) continue;
    return [
      {
        type: "diagnosis.made",
        subject: diagnosis.target,
        incident: incident.id,
        data: diagnosis,
      },
    ];
  }
  return [];
}

function toCase(
  state: State,
  senses: Senses,
  incident: Incident,
  policy: ServicePolicy,
  nowMs: number,
): Case {
  const own = serviceSymptoms(state, incident.service)
    .filter((symptom) => incident.symptoms.some((other) => other.key === symptom.key))
    .toSorted((a, b) => a.sinceMs - b.sinceMs || (a.key < b.key ? -1 : 1));
  return {
    service: incident.service,
    nowMs,
    openedAtMs: incident.openedAtMs,
    settleMs: policy.healing.settleMs,
    healthyMs: policy.healing.verify.healthyMs,
    loopExits: policy.restart.loopExits,
    isJob: policy.job !== undefined,
    isExternal: policy.external === true,
    own,
    instances: caseInstances(state, senses, policy),
    dependencies: policy.dependsOn.map((service) => dependency(state, senses, service)),
    changes: suspects(state, incident.service, nowMs),
    proven: state.proven,
    evidence: incident.evidence,
  };
}

function caseInstances(
  state: State,
  senses: Senses,
  policy: ServicePolicy,
): readonly CaseInstance[] {
  return instancesOf(policy).map((target) => {
    const instance = state.instances[target];
    const cpu = senses.latest[target]?.[metrics.cpu.name]?.value;
    const runs = shortRuns(state, target, policy.restart.stableMs);
    const since = state.exits[target]?.at(-runs);
    return {
      target,
      state: instance?.state ?? "down",
      shortRuns: runs,
      ...(runs > 0 && since ? { shortSinceMs: since.atMs } : {}),
      ...(instance?.exit ? { exit: instance.exit } : {}),
      ...(cpu === undefined ? {} : { cpu }),
    };
  });
}

/** What was ready before a daemon died is taken to be ready until it is seen otherwise. */
function dependency(state: State, senses: Senses, service: string): CaseDependency {
  if (state.policy.services[service]?.external) return elsewhere(state, senses, service);
  const since = Object.values(state.instances)
    .filter((other) => serviceOf(other.target) === service)
    .filter((other) => other.state === "ready" || other.state === "starting")
    .flatMap((other) => (other.readyAtMs === undefined ? [] : [other.readyAtMs]));
  const ready = since.length;
  return ready === 0 ? { service, ready } : { service, ready, sinceMs: Math.min(...since) };
}

/** Well is what shows no sign; one bad answer is enough to wait for the next ones. */
function elsewhere(state: State, senses: Senses, service: string): CaseDependency {
  const answer = senses.latest[service]?.[metrics.probe.name];
  if (isExternalSick(state, service) || (answer !== undefined && answer.value <= 0))
    return { service, ready: 0 };
  const ends = Object.values(state.incidents)
    .filter((it) => it.service === service)
    .flatMap(({ symptoms }) => symptoms.flatMap((it) => it.clearedAtMs ?? []));
  return ends.length === 0
    ? { service, ready: 1 }
    : { service, ready: 1, sinceMs: Math.max(...ends) };
}

/** The last change of each config file of the service, when it is recent. */
function suspects(state: State, service: string, nowMs: number): readonly Change[] {
  const latest = new Map<string, Change>();
  for (const change of state.changes) {
    if (change.target === service && change.file !== undefined) latest.set(change.file, change);
  }
  return [...latest.values()].filter((change) => nowMs - change.atMs <= lookbackMs);
}
