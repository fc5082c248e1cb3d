// Drills: whether one may begin now, and how far what it broke has been healed, from the journal.
import type { Drill, DrillMarks } from "../model/drill.ts";
import type { Event } from "../model/event.ts";
import { type Incident, isOpen } from "../model/incident.ts";
import { because, type Reason } from "../model/reason.ts";
import { isInstance, serviceOf, type Target } from "../model/target.ts";
import { instancesOf, isHealthy, openIncidents, type State } from "./state.ts";

/** Why no drill may begin, whatever people say; undefined when one may. */
export function drillRefusal(state: State, nowMs: number): Reason | undefined {
  const { drill, paused } = state;
  if (drill && nowMs < drill.atMs + drill.limitMs) {
    return because("one-drill", `drill ${drill.id} (${drill.kind} of ${drill.target}) is on`, 1, 1);
  }
  if (paused) return because("kill-switch", `all healing is stopped by ${paused.by}`, 1, 0);
  const open = openIncidents(state);
  const [first] = open;
  if (!first) return undefined;
  const text = `incident ${first.id} of ${first.service} is open: one trouble at a time`;
  return because("incident-open", text, open.length, 0);
}

/** What would serve nobody while the fault lasts; undefined when somebody goes on. */
export function nothingLeft(
  state: State,
  { kind, target }: Pick<Drill, "kind" | "target">,
): Reason | undefined {
  const services = Object.values(state.policy.services);
  if (kind === "daemon" || kind === "spawner" || kind === "network") return undefined;
  if (kind === "reboot")
    return because("nothing-left", "all of the project goes away at once", 0, 1);
  if (kind === "gateway") {
    const routed = services.filter((policy) => policy.routed).map((policy) => policy.name);
    if (routed.length === 0) return undefined;
    const text = `${routed.join(", ")} cannot be reached until the gateway is back`;
    return because("nothing-left", text, 0, routed.length);
  }
  const policy = state.policy.services[serviceOf(target)];
  const others = policy ? instancesOf(policy).filter((other) => other !== target) : [];
  const left = others.filter((other) => isHealthy(state, other)).length;
  if (left > 0) return undefined;
  return because("nothing-left", `no other instance of ${serviceOf(target)} is well`, left, 1);
}

/** Whether nobody needs to be told yet: it is a drill, and nothing that was to heal it has failed. */
export function isSpared(state: State, incident: Incident, nowMs: number): boolean {
  const { drill } = state;
  if (!drill || incident.drill !== drill.id || nowMs >= drill.atMs + drill.limitMs) return false;
  return incident.rung === 0 && incident.actions.every((it) => it.outcome?.result !== "not-helped");
}

export interface DrillProgress extends DrillMarks {
  /** The fault was told to be done. */
  readonly injectedAtMs?: number;
  /** It ended as the config expects ends to be: nobody starts it again. */
  readonly restsAsConfigured: boolean;
  /** What the loop did about it: "restart web/1". */
  readonly done: readonly string[];
  /** Why it does not go on: a refusal, a question to people, or that they were called. */
  readonly stands?: string;
}

/** How far it is; `events` are those since its announcement. */
export function drillProgress(state: State, drill: Drill, events: readonly Event[]): DrillProgress {
  const at = events.find((it) => it.type === "drill.injected" && it.data.id === drill.id);
  if (!at) return { restsAsConfigured: false, done: [] };
  const after = events.filter((it) => it.seq > at.seq);
  const since = (atMs: number | undefined): number | undefined =>
    atMs === undefined ? undefined : Math.max(0, atMs - at.atMs);
  const concerns = (target: Target): boolean => drill.services.includes(serviceOf(target));
  const detected = after.find(
    (it) => (it.type === "symptom.raised" || it.type === "instance.exited") && concerns(it.subject),
  );
  const incidents = Object.values(state.incidents).filter((it) => it.drill === drill.id);
  const healedAtMs = detected && healedAt(state, drill, after, incidents);
  const rests = after.some(
    (it) => it.type === "instance.exited" && it.subject === drill.target && it.data.expected,
  );
  const isBack = after.some((it) => it.type === "instance.started" && it.subject === drill.target);
  const isOver = incidents.length > 0 && incidents.every((it) => !isOpen(it));
  const ends = incidents.map((it) => it.endedAtMs ?? 0);
  const stands = standing(incidents);
  return {
    injectedAtMs: at.atMs,
    restsAsConfigured: rests && !isBack && incidents.length === 0,
    done: incidents
      .flatMap((it) => it.actions)
      .filter((it) => it.state !== "abandoned")
      .map((it) => `${it.kind} ${it.target}`),
    ...mark("detectedMs", since(detected?.atMs)),
    ...mark("healedMs", since(healedAtMs)),
    ...mark("verifiedMs", isOver ? since(Math.max(...ends)) : undefined),
    ...(stands === undefined ? {} : { stands }),
  };
}

/** Whatever was to come back is ready; or, where nothing went away, the last sign has passed. */
function healedAt(
  state: State,
  { kind, target, services }: Drill,
  after: readonly Event[],
  incidents: readonly Incident[],
): number | undefined {
  const readyAt = (it: Target): number | undefined =>
    after.find((event) => event.type === "instance.ready" && event.subject === it)?.atMs;
  if (isInstance(target)) {
    const atMs = readyAt(target);
    if (atMs !== undefined) return atMs;
  }
  if (kind === "reboot") {
    const all = Object.values(state.policy.services)
      .filter(({ name, job }) => services.includes(name) && !job && !(name in state.held))
      .flatMap(instancesOf)
      .map(readyAt);
    const times = all.filter((atMs) => atMs !== undefined);
    return times.length < all.length ? undefined : Math.max(...times);
  }
  if (incidents.length === 0 || incidents.some(isOpen)) return undefined;
  return Math.max(
    ...incidents.flatMap(({ symptoms }) => symptoms.map((it) => it.clearedAtMs ?? 0)),
  );
}

function standing(incidents: readonly Incident[]): string | undefined {
  const open = incidents.filter(isOpen);
  const asked = open.flatMap((it) => it.approvals).find((it) => it.state === "open");
  if (asked) return `it waits for a person: homeostat approve ${asked.id} (${asked.effect})`;
  const held = open.find((it) => it.standing)?.standing;
  if (held) return `${held.action} of ${held.target} is held back: ${held.why.text}`;
  const called = open.find((it) => it.state === "escalated");
  return called && `it was handed to a person: ${called.ending?.text ?? "see the incident"}`;
}

function mark<K extends keyof DrillMarks>(key: K, value: number | undefined): DrillMarks {
  return value === undefined ? {} : { [key]: value };
}
