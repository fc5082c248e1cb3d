// Symptoms become incidents: one for each trouble, placed where its cause is believed to be.
import type { DecisionDraft } from "../model/event.ts";
import type { Incident } from "../model/incident.ts";
import type { Reason } from "../model/reason.ts";
import type { Symptom, SymptomKind } from "../model/symptom.ts";
import { serviceOf } from "../model/target.ts";
import { dependenciesOf, openIncidents, type State } from "./state.ts";

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
  const placed = new Set(
    open.flatMap((incident) =>
      incident.symptoms.filter((other) => other.clearedAtMs === undefined).map((it) => it.key),
    ),
  );
  const symptom = Object.values(state.symptoms)
    .filter((other) => !placed.has(other.key))
    .toSorted((a, b) => a.sinceMs - b.sinceMs || (a.key < b.key ? -1 : 1))[0];
  return symptom ? place(state, open, symptom) : [];
}

function place(
  state: State,
  open: readonly Incident[],
  symptom: Symptom,
): readonly DecisionDraft[] {
  const service = serviceOf(symptom.target);
  const join = (incident: Incident, rule: string, text: string): DecisionDraft => ({
    type: "incident.joined",
    subject: symptom.target,
    incident: incident.id,
    data: { id: incident.id, symptom: symptom.key, why: reason(rule, text) },
  });
  const own = open.find((incident) => incident.service === service && fits(incident, symptom));
  if (own) return [join(own, "same-service", `${service} already has this incident`)];
  if (soft.has(symptom.kind)) {
    const needs = dependenciesOf(state.policy, service);
    const cause = open.find((incident) => needs.has(incident.service));
    if (cause) {
      return [
        join(cause, "dependency-down", `${service} depends on ${cause.service}, which is sick`),
      ];
    }
  }
  const effect = open.find(
    (incident) =>
      dependenciesOf(state.policy, incident.service).has(service) && isUntouchedEffect(incident),
  );
  if (effect) {
    const text = `${effect.service} depends on ${service}, which is sick itself`;
    const moved: DecisionDraft = {
      type: "incident.moved",
      subject: service,
      incident: effect.id,
      data: { id: effect.id, service, why: reason("dependency-down", text) },
    };
    return [join(effect, "cause", text), moved];
  }
  const id = String(state.lastIncident + 1);
  const opened: DecisionDraft = {
    type: "incident.opened",
    subject: service,
    incident: id,
    data: { id, service },
  };
  const joined: DecisionDraft = {
    type: "incident.joined",
    subject: symptom.target,
    incident: id,
    data: { id, symptom: symptom.key, why: reason("first", "the first symptom of this incident") },
  };
  return [opened, joined];
}

/** A process that ends must not wait behind another trouble of its service: it gets its own. */
function fits(incident: Incident, symptom: Symptom): boolean {
  if (!processEnds.has(symptom.kind)) return true;
  const kind = incident.diagnosis?.kind;
  if (kind === undefined || aboutCrashes.has(kind)) return true;
  return incident.actions.some((action) => action.target === symptom.target);
}

/** Nothing was done yet and all it shows may come from elsewhere: it may move to its cause. */
function isUntouchedEffect(incident: Incident): boolean {
  return incident.actions.length === 0 && incident.symptoms.every((other) => soft.has(other.kind));
}

function reason(rule: string, text: string): Reason {
  return { rule, text, value: 1, limit: 1, unit: "count" };
}
