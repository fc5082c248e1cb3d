// Symptoms become incidents: one for each trouble, placed where its cause is believed to be.
import type { DecisionDraft } from "../model/event.ts";
import type { Incident } from "../model/incident.ts";
import { because } from "../model/reason.ts";
import { isMild, isQuiet, type Symptom, type SymptomKind } from "../model/symptom.ts";
import { serviceOf } from "../model/target.ts";
import { isExternalSick } from "./external.ts";
import {
  dependenciesOf,
  instancesOf,
  isHealthy,
  openIncidents,
  type State,
  symptomsOf,
} from "./state.ts";

/** Symptoms that a service may show because something it depends on is sick. */
const soft: ReadonlySet<SymptomKind> = new Set<SymptomKind>([
  "slow",
  "errors",
  "failing",
  "unresponsive",
]);
const processEnds: ReadonlySet<SymptomKind> = new Set<SymptomKind>(["exit", "crash-loop"]);
const aboutCrashes: ReadonlySet<string> = new Set(["crash", "crash-loop", "bad-change"]);

/** Places the oldest active symptom that belongs to no open incident. */
export function triage(state: State): readonly DecisionDraft[] {
  const open = openIncidents(state);
  const placed = new Set(open.flatMap((incident) => heldBy(state, incident)));
  const symptom = Object.values(state.symptoms)
    .filter((other) => !placed.has(other.key) && !isQuiet(other.kind))
    // Of the machine itself: there is no service whose incident it could be.
    .filter((other) => serviceOf(other.target) in state.policy.services)
    .toSorted((a, b) => a.sinceMs - b.sinceMs || (a.key < b.key ? -1 : 1))[0];
  return symptom ? place(state, open, symptom) : [];
}

/** The active symptoms of an incident, without those of others that it no longer explains. */
function heldBy(state: State, incident: Incident): readonly string[] {
  return incident.symptoms
    .filter((it) => it.clearedAtMs === undefined)
    .filter((it) => serviceOf(it.target) === incident.service || explains(state, incident))
    .map((it) => it.key);
}

function place(
  state: State,
  open: readonly Incident[],
  symptom: Symptom,
): readonly DecisionDraft[] {
  const service = serviceOf(symptom.target);
  const join: Join = (id, rule, text) => ({
    type: "incident.joined",
    subject: symptom.target,
    incident: id,
    data: { id, symptom: symptom.key, why: because(rule, text) },
  });
  const own = open.find((incident) => incident.service === service && fits(incident, symptom));
  if (own) return [join(own.id, "same-service", `${service} already has this incident`)];
  if (soft.has(symptom.kind)) {
    const needs = dependenciesOf(state.policy, service);
    const cause = open.find((it) => needs.has(it.service) && explains(state, it));
    if (cause) {
      const text = `${service} depends on ${cause.service}, which is sick`;
      return [join(cause.id, "dependency-down", text)];
    }
  }
  const effect = open.find(
    (incident) =>
      mayHarm(state, service) &&
      dependenciesOf(state.policy, incident.service).has(service) &&
      isUntouchedEffect(incident),
  );
  return effect ? move(effect, symptom, join) : openFor(state, symptom, join);
}

type Join = (incident: string, rule: string, text: string) => DecisionDraft;

function move(effect: Incident, symptom: Symptom, join: Join): readonly DecisionDraft[] {
  const service = serviceOf(symptom.target);
  const text = `${effect.service} depends on ${service}, which is sick itself`;
  const moved: DecisionDraft = {
    type: "incident.moved",
    subject: service,
    incident: effect.id,
    data: { id: effect.id, service, why: because("dependency-down", text) },
  };
  return [join(effect.id, "cause", text), moved];
}

function openFor(state: State, symptom: Symptom, join: Join): readonly DecisionDraft[] {
  const service = serviceOf(symptom.target);
  const id = String(state.lastIncident + 1);
  const data = { id, service };
  const opened: DecisionDraft = { type: "incident.opened", subject: service, incident: id, data };
  return [opened, join(id, "first", "the first symptom of this incident")];
}

/**
 * A process that ends must not wait behind another trouble of its service: it gets its own. Nor
 * must an instance wait behind another one that people were called for.
 */
function fits(incident: Incident, symptom: Symptom): boolean {
  const touched = incident.actions.some((action) => action.target === symptom.target);
  if (incident.state === "escalated") {
    return touched || incident.symptoms.some((other) => other.target === symptom.target);
  }
  if (!processEnds.has(symptom.kind)) return true;
  const kind = incident.diagnosis?.kind;
  return kind === undefined || aboutCrashes.has(kind) || touched;
}

/**
 * Whether symptoms of its dependents may come from it. Once people were called it must be sick as a
 * whole for that: one bad instance of several would hide every other trouble for days.
 */
function explains(state: State, incident: Incident): boolean {
  if (!mayHarm(state, incident.service)) return false;
  if (incident.state !== "escalated") return true;
  const { service } = incident;
  const policy = state.policy.services[service];
  if (service in state.degraded || symptomsOf(state, service).some(isSick)) return true;
  return policy !== undefined && instancesOf(policy).every((it) => !isHealthy(state, it));
}

const isSick = ({ kind }: Symptom): boolean => !isMild(kind);

/** What runs elsewhere and only cannot be asked is not known to be sick: it explains nothing. */
function mayHarm(state: State, service: string): boolean {
  return !state.policy.services[service]?.external || isExternalSick(state, service);
}

/** Nothing was done yet and all it shows may come from elsewhere: it may move to its cause. */
function isUntouchedEffect(incident: Incident): boolean {
  return incident.actions.length === 0 && incident.symptoms.every((other) => soft.has(other.kind));
}
