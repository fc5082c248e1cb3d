// Incidents and the whole in one sentence each.
import { openIncidents, type State, symptomsOf } from "../controller/state.ts";
import { formatDuration } from "../kernel/duration.ts";
import type { ActionKind } from "../model/action.ts";
import { type Incident, isOpen } from "../model/incident.ts";
import { diskTarget } from "../model/target.ts";
import type { StateView } from "../protocol/api.ts";
import { waitText } from "./job-view.ts";

/** "web/1 hangs: event loop blocked in resizeThumbnail (thumbnails.ts:12)" */
export function titleOf(incident: Incident): string {
  const drill = incident.drill === undefined ? "" : ` (drill ${incident.drill})`;
  return `${causeOf(incident)}${drill}`;
}

function causeOf(incident: Incident): string {
  if (incident.diagnosis) return incident.diagnosis.text;
  const first = incident.symptoms[0];
  return first ? `${first.target}: ${first.why.text}` : `trouble with ${incident.service}`;
}

const past: Readonly<Record<ActionKind, string>> = {
  start: "started",
  restart: "restarted",
  rollback: "config rolled back",
  degrade: "taken out of the way",
  restore: "brought back",
  page: "a person told",
};

/** What is being done about it, and whether a person is needed. */
export function doingOf(incident: Incident, nowMs: number): string {
  const action = incident.actions.at(-1);
  if (incident.state === "escalated") {
    const { untilMs } = incident.standing ?? {};
    const again =
      untilMs === undefined
        ? ""
        : ` It is tried again in ${formatDuration(Math.max(0, untilMs - nowMs))}.`;
    return `It needs you: ${incident.ending?.text ?? "see why"}.${again}`;
  }
  if (incident.approvals.some((approval) => approval.state === "open")) {
    return "It waits for your answer.";
  }
  if (action?.kind === "page") return `It needs you: ${action.why.text}.`;
  if (incident.standing) return `Held back: ${incident.standing.why.text}.`;
  if (incident.mitigatedBy !== undefined) {
    return `The gateway answers for ${incident.service} until it is well. No action needed.`;
  }
  if (!action) return "Looking for the cause. No action needed.";
  const what = past[action.kind];
  if (incident.state === "verifying") {
    const agoMs = action.endedAtMs ?? action.intendedAtMs;
    return `${capital(what)} ${ago(nowMs - agoMs)}, verifying. No action needed.`;
  }
  return `${capital(action.kind)} of ${action.target} under way. No action needed.`;
}

export function verdictOf(state: State, nowMs: number): StateView["verdict"] {
  const open = openIncidents(state);
  if (state.paused) {
    const sick = open.length === 0 ? "Nothing is sick." : `${incidentCount(open.length, "")} open.`;
    const text = `Healing is stopped by ${state.paused.by}: ${state.paused.reason}. ${sick}`;
    return { text, tone: "stopped" };
  }
  const full = symptomsOf(state, diskTarget)[0];
  if (full) {
    const more = open.length === 0 ? "" : ` ${incidentCount(open.length, "")} open.`;
    return { text: `${capital(full.why.text)}. It needs you.${more}`, tone: "attention" };
  }
  const first =
    open.find((incident) => incident.state === "escalated") ??
    open.find((incident) => incident.approvals.some((approval) => approval.state === "open")) ??
    open[0];
  if (first) {
    const more = open.length > 1 ? ` ${incidentCount(open.length - 1, "more ")} open.` : "";
    const text = `${titleOf(first)}. ${doingOf(first, nowMs)}${more}`;
    const waits = first.approvals.some((approval) => approval.state === "open");
    return { text, tone: first.state === "escalated" || waits ? "attention" : "healing" };
  }
  return calm(state, nowMs);
}

function calm(state: State, nowMs: number): StateView["verdict"] {
  const wanted = Object.values(state.policy.services).filter(({ name }) => !(name in state.held));
  const services = wanted.filter(({ job }) => !job);
  const waiting = services.filter(({ name, replicas }) => {
    const present = Array.from({ length: replicas }, (_, i) => state.instances[`${name}/${i + 1}`]);
    return present.some((it) => it === undefined || it.state === "starting");
  });
  if (waiting.length > 0) {
    const ready = services.length - waiting.length;
    const waits = waiting.flatMap(({ name }) => {
      const why = waitText(state, name, nowMs);
      return why === undefined ? [] : [` ${name} ${why}.`];
    });
    const text = `Starting: ${ready} of ${services.length} services are ready.${waits.join("")}`;
    return { text, tone: "ok" };
  }
  const last = Object.values(state.incidents)
    .filter((incident) => !isOpen(incident) && incident.endedAtMs !== undefined)
    .toSorted((a, b) => (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0))[0];
  const healed = last
    ? ` Last healed ${ago(nowMs - (last.endedAtMs ?? nowMs))}: ${titleOf(last)}.`
    : "";
  const all = wanted.length === 1 ? "The service is" : `All ${wanted.length} services are`;
  const held = Object.entries(state.held).map(([name, { by }]) => `${name} (by ${by})`);
  const stopped = held.length === 0 ? "" : ` Stopped by people: ${held.join(", ")}.`;
  const well = wanted.length === 0 ? "Nothing is to run." : `${all} well. Nothing needs you.`;
  return { text: `${well}${stopped}${healed}`, tone: "ok" };
}

/** Whole seconds: a sentence that changes all the time cannot be read. */
function ago(ms: number): string {
  return ms < 1_000 ? "just now" : `${formatDuration(Math.floor(ms / 1_000) * 1_000)} ago`;
}

function incidentCount(count: number, more: string): string {
  return count === 1 ? `1 ${more}incident is` : `${count} ${more}incidents are`;
}

/** For sentences that begin with our own words; the name of a service keeps its spelling. */
function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
