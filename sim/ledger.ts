// A second book-keeping over the journal, independent of the fold, that the invariants look at.
import type { ActionKind } from "../src/model/action.ts";
import type { Event } from "../src/model/event.ts";
import type { Policy, ServicePolicy } from "../src/model/policy.ts";
import { serviceOf, type Target } from "../src/model/target.ts";

export interface Deed {
  readonly id: string;
  readonly kind: ActionKind;
  readonly target: Target;
  /** Of the incident, when it was intended. */
  readonly service: string;
  readonly incident: string;
  readonly diagnosis: string;
  readonly isUndo: boolean;
  readonly isRetry: boolean;
  readonly intendedMs: number;
  endedMs: number | undefined;
  state: "intended" | "started" | "ended" | "abandoned";
  result: string | undefined;
}

export interface Trouble {
  readonly id: string;
  service: string;
  state: string;
  diagnosis: string;
  openedMs: number;
  endedMs: number | undefined;
  /** Keys of symptoms that joined it. */
  readonly keys: Set<string>;
}

export interface Question {
  readonly incident: string;
  readonly action: ActionKind;
  readonly target: Target;
  state: "open" | "given" | "denied" | "expired";
  /** The action that ran because of it. */
  usedBy: string | undefined;
}

export interface Ledger {
  seq: number;
  atMs: number;
  session: number;
  policy: Policy;
  paused: boolean;
  readonly instances: Map<Target, { state: string; exits: { atMs: number; uptimeMs: number }[] }>;
  readonly symptoms: Map<string, Target>;
  readonly deeds: Map<string, Deed>;
  /** Those of the deeds that are neither judged nor abandoned. */
  readonly pending: Map<string, Deed>;
  readonly troubles: Map<string, Trouble>;
  readonly questions: Map<string, Question>;
}

export function createLedger(): Ledger {
  return {
    seq: 0,
    atMs: 0,
    session: 0,
    policy: { project: "", services: {} },
    paused: false,
    instances: new Map(),
    symptoms: new Map(),
    deeds: new Map(),
    pending: new Map(),
    troubles: new Map(),
    questions: new Map(),
  };
}

export function policyOf(book: Ledger, service: string): ServicePolicy {
  const policy = book.policy.services[service];
  if (!policy) throw new RangeError(`no policy for ${service}`);
  return policy;
}

/** Writes one event into the book. */
export function enter(book: Ledger, event: Event): void {
  book.seq = event.seq;
  book.atMs = event.atMs;
  enterProcess(book, event);
  enterDeed(book, event);
  enterTrouble(book, event);
  enterQuestion(book, event);
  if (event.type === "config.applied") book.policy = event.data.policy;
  if (event.type === "operator.paused") book.paused = true;
  if (event.type === "operator.resumed") book.paused = false;
  if (event.type === "symptom.raised") book.symptoms.set(event.data.key, event.data.target);
  if (event.type === "symptom.cleared") book.symptoms.delete(event.data.key);
}

function enterProcess(book: Ledger, event: Event): void {
  const { instances } = book;
  if (event.type === "daemon.started") {
    book.session = event.seq;
    for (const one of instances.values()) if (one.state !== "down") one.state = "starting";
  }
  const held = instances.get(event.subject) ?? { state: "down", exits: [] };
  const become = (state: string): void => {
    instances.set(event.subject, { ...held, state });
  };
  if (event.type === "instance.started") become("starting");
  if (event.type === "instance.adopted" && held.state === "down") become("starting");
  if (event.type === "instance.ready") become("ready");
  if (event.type === "instance.stopping") become("stopping");
  if (event.type !== "instance.exited") return;
  const { expected, uptimeMs } = event.data;
  const mark = { atMs: event.atMs, uptimeMs };
  const exits = expected ? [] : [...held.exits, mark].slice(-60);
  instances.set(event.subject, { state: expected ? "stopped" : "down", exits });
}

function enterDeed(book: Ledger, event: Event): void {
  if (event.type === "action.intended") {
    const { id, kind, target, incident, undoes, retry } = event.data;
    const trouble = book.troubles.get(incident);
    const deed: Deed = {
      id,
      kind,
      target,
      incident,
      service: trouble?.service ?? serviceOf(target),
      diagnosis: trouble?.diagnosis ?? "",
      isUndo: undoes !== undefined,
      isRetry: retry === true,
      intendedMs: event.atMs,
      endedMs: undefined,
      state: "intended",
      result: undefined,
    };
    book.deeds.set(id, deed);
    book.pending.set(id, deed);
  }
  if (!event.type.startsWith("action.") || !("action" in event.data)) return;
  const deed = book.deeds.get(event.data.action);
  if (!deed) return;
  if (event.type === "action.started") deed.state = "started";
  if (event.type === "action.abandoned") deed.state = "abandoned";
  if (["action.done", "action.failed", "action.interrupted"].includes(event.type)) {
    deed.state = "ended";
    deed.endedMs = event.atMs;
  }
  if (event.type === "action.judged") deed.result = event.data.result;
  if (deed.result !== undefined || deed.state === "abandoned") book.pending.delete(deed.id);
}

function enterTrouble(book: Ledger, event: Event): void {
  if (event.type === "incident.opened") {
    const { id, service } = event.data;
    const fresh = { id, service, state: "open", diagnosis: "", openedMs: event.atMs };
    book.troubles.set(id, { ...fresh, endedMs: undefined, keys: new Set() });
  }
  const trouble = event.incident === undefined ? undefined : book.troubles.get(event.incident);
  if (!trouble) return;
  trouble.state = next(book, trouble, event);
  if (event.type === "incident.joined") trouble.keys.add(event.data.symptom);
  if (event.type === "incident.moved") trouble.service = event.data.service;
  if (event.type === "diagnosis.made") trouble.diagnosis = event.data.kind;
  if (event.type === "incident.resolved") trouble.endedMs = event.atMs;
}

/** The state of an incident after an event of it. */
function next(book: Ledger, trouble: Trouble, event: Event): string {
  const { type } = event;
  if (type === "action.intended") return event.data.retry ? trouble.state : "healing";
  if (type === "rung.next" || type === "incident.mitigated") return "open";
  if (type === "incident.escalated") return "escalated";
  if (type === "incident.resolved") return "resolved";
  if (type === "incident.closed") return "closed";
  const isEnd = ["done", "failed", "interrupted", "abandoned"].includes(type.slice(7));
  if (!type.startsWith("action.") || !isEnd || trouble.state !== "healing") return trouble.state;
  const left = [...book.pending.values()].filter((deed) => deed.incident === trouble.id);
  if (left.some((deed) => deed.state !== "ended")) return "healing";
  return left.length === 0 ? "open" : "verifying";
}

function enterQuestion(book: Ledger, event: Event): void {
  const { questions } = book;
  if (event.type === "approval.asked") {
    const { id, incident, action, target } = event.data;
    questions.set(id, { incident, action, target, state: "open", usedBy: undefined });
  }
  const decide = (id: string, state: Question["state"]): void => {
    const question = questions.get(id);
    if (question) question.state = state;
  };
  if (event.type === "approval.expired") decide(event.data.id, "expired");
  if (event.type === "operator.approved") decide(event.data.approval, "given");
  if (event.type === "operator.denied") decide(event.data.approval, "denied");
  if (event.type !== "action.abandoned") return;
  // What never ran has used up no leave.
  for (const question of questions.values()) {
    if (question.usedBy === event.data.action) question.usedBy = undefined;
  }
}
