// What must hold after every step, computed from the journal alone and without the guards.
import type { Intent } from "../src/model/action.ts";
import type { Event } from "../src/model/event.ts";
import { type IncidentState, transitions } from "../src/model/incident.ts";
import { instanceName, isInstance, serviceOf } from "../src/model/target.ts";
import { createLedger, type Deed, enter, type Ledger, policyOf } from "./ledger.ts";

/** A rule that did not hold, in words. */
export class Breach extends Error {}

const hourMs = 3_600_000;

/** Takes the events of a step in, one by one. @throws Breach */
export function createInvariants(): {
  readonly book: Ledger;
  check(events: readonly Event[]): void;
} {
  const book = createLedger();
  return {
    book,
    check: (events) => {
      for (const event of events) {
        order(book, event);
        book.atMs = event.atMs;
        explained(event);
        if (event.type === "action.intended") intent(book, event.data);
        if (event.type === "action.judged") judged(book, event.data.action);
        const before = event.incident === undefined ? undefined : stateOf(book, event.incident);
        enter(book, event);
        legal(book, event, before);
      }
    },
  };
}

function must(holds: boolean, text: string): void {
  if (!holds) throw new Breach(text);
}

function order(book: Ledger, event: Event): void {
  must(event.seq === book.seq + 1, `seq ${event.seq} follows ${book.seq}`);
  must(event.atMs >= book.atMs, `time went back from ${book.atMs} to ${event.atMs}`);
}

/** Every reason names one rule and numbers, and reads like a sentence. */
function explained(event: Event): void {
  const data = event.data as { readonly why?: unknown; readonly because?: readonly unknown[] };
  const reasons = [...(data.why === undefined ? [] : [data.why]), ...(data.because ?? [])];
  for (const one of reasons) {
    const { rule, text, value, limit } = one as Record<string, unknown>;
    const sound =
      typeof rule === "string" && /^[a-z][a-z-]+$/.test(rule) && typeof text === "string";
    const numbers = Number.isFinite(value) && Number.isFinite(limit);
    const readable = typeof text === "string" && !/undefined|NaN|Infinity|\[object/.test(text);
    must(sound && numbers && readable, `a reason that explains nothing: ${JSON.stringify(one)}`);
  }
  if (event.type === "guard.refused" || event.type === "guard.waits") {
    must(data.why !== undefined, `${event.type} without a reason`);
  }
}

const stateOf = (book: Ledger, id: string): string | undefined => book.troubles.get(id)?.state;

function legal(book: Ledger, event: Event, before: string | undefined): void {
  if (event.incident === undefined || before === undefined) return;
  const after = stateOf(book, event.incident);
  if (after === before || after === undefined) return;
  const allowed: readonly string[] = transitions[before as IncidentState];
  must(allowed.includes(after), `incident ${event.incident} went from ${before} to ${after}`);
}

function judged(book: Ledger, id: string): void {
  const deed = book.deeds.get(id);
  must(deed?.state === "ended", `${id} was judged while ${deed?.state}`);
  must(deed?.result === undefined, `${id} was judged twice`);
}

function intent(book: Ledger, next: Intent): void {
  const { id, kind, target } = next;
  const trouble = book.troubles.get(next.incident);
  const name = `${id} ${kind} ${target}`;
  must(!book.deeds.has(id), `${name}: the number was used before`);
  must(trouble !== undefined, `${name}: there is no incident ${next.incident}`);
  if (kind === "page") {
    const told = pendingOf(book).some((it) => it.kind === "page" && it.incident === next.incident);
    must(!told, `${name}: a page for this incident is under way`);
    return;
  }
  must(!book.paused, `${name}: all healing is stopped`);
  const others = pendingOf(book).filter((it) => it.kind !== "page");
  must(!others.some((it) => it.target === target), `${name}: another action on it is not over`);
  const isLast = trouble?.state === "escalated" && kind !== "restore" && !next.retry;
  must(!isLast, `${name}: people have incident ${next.incident} in hand`);
  permitted(book, next, name);
  bounded(book, next, name);
  if (kind === "start") backedOff(book, next, name);
  if (kind === "restart") harmless(book, next, name, others);
}

function pendingOf(book: Ledger): readonly Deed[] {
  return [...book.pending.values()];
}

/** Auto, or asked for and allowed by a person, once. */
function permitted(book: Ledger, next: Intent, name: string): void {
  const { kind, target, incident } = next;
  if (next.undoes !== undefined) return;
  const mode = policyOf(book, serviceOf(target)).healing.modes[kind];
  must(mode !== "observe", `${name}: only people may do this`);
  if (mode === "auto") return;
  const leave = [...book.questions.values()].find(
    (it) =>
      it.incident === incident &&
      it.action === kind &&
      it.target === target &&
      it.state === "given" &&
      it.usedBy === undefined,
  );
  must(leave !== undefined, `${name}: nobody has allowed it, or it was done already`);
  if (leave) leave.usedBy = next.id;
}

/** Budget, strikes and cooldown. */
function bounded(book: Ledger, next: Intent, name: string): void {
  const { kind, target, incident } = next;
  if (kind === "start" || next.undoes !== undefined) return;
  const trouble = book.troubles.get(incident);
  const { healing } = policyOf(book, trouble?.service ?? serviceOf(target));
  const deeds = [...book.deeds.values()].filter((it) => it.state !== "abandoned");
  const mine = deeds.filter((it) => it.incident === incident);
  const strikes = mine.filter((it) => it.result === "not-helped" && it.kind !== "page").length;
  if (kind !== "restore") {
    must(strikes < healing.strikes, `${name}: ${strikes} strikes of ${healing.strikes}`);
    const used = deeds.filter(
      (it) =>
        it.kind === kind &&
        it.service === trouble?.service &&
        it.diagnosis === trouble.diagnosis &&
        book.atMs - it.intendedMs < hourMs,
    ).length;
    must(used < healing.perHour, `${name}: ${used} in this hour, of ${healing.perHour}`);
  }
  const last = Math.max(
    ...deeds
      .filter((it) => it.kind === kind && it.target === target)
      .map((it) => it.endedMs ?? it.intendedMs),
  );
  const { firstMs, maxMs } = healing.cooldown;
  const waitMs = Math.min(maxMs, firstMs * 2 ** strikes);
  must(book.atMs - last >= waitMs, `${name}: ${book.atMs - last} ms after the last, of ${waitMs}`);
}

function backedOff(book: Ledger, next: Intent, name: string): void {
  const { target } = next;
  const instance = book.instances.get(target);
  must(instance?.state === "down", `${name}: it is ${instance?.state}`);
  const { restart } = policyOf(book, serviceOf(target));
  const exits = instance?.exits ?? [];
  const { giveUp, firstMs, factor, maxMs, stableMs } = restart;
  const sinceMs = book.atMs - (exits.at(-1)?.atMs ?? 0);
  const late = exits.filter((exit) => book.atMs - exit.atMs < giveUp.withinMs).length;
  let short = 0;
  for (const exit of exits) short = exit.uptimeMs < stableMs ? short + 1 : 0;
  const slowMs = restart.retryMs ?? Math.max(300_000, maxMs);
  if (next.retry && (late >= giveUp.exits || short >= giveUp.exits)) {
    must(sinceMs >= slowMs, `${name}: a try ${sinceMs} ms after its end, of ${slowMs}`);
    return;
  }
  const isSlow = sinceMs >= slowMs;
  must(late < giveUp.exits || isSlow, `${name}: ${late} exits, given up at ${giveUp.exits}`);
  const waitMs = short === 0 ? 0 : Math.min(maxMs, firstMs * factor ** (short - 1));
  must(sinceMs >= waitMs, `${name}: ${sinceMs} ms after its end, back-off is ${waitMs} ms`);
}

/** A destructive action: one per service, with enough others well, and with something to cure. */
function harmless(book: Ledger, next: Intent, name: string, others: readonly Deed[]): void {
  const { target } = next;
  const service = serviceOf(target);
  const policy = policyOf(book, service);
  const busy = others.find((it) => serviceOf(it.target) === service);
  must(busy === undefined, `${name}: ${busy?.id} of its group is not over`);
  const allowed = Math.max(1, Math.floor(policy.healing.maxUnhealthy * policy.replicas));
  const ill = new Set(book.symptoms.values());
  const unwell = Array.from({ length: policy.replicas }, (_, i) => instanceName(service, i + 1))
    .filter((other) => other !== target)
    .filter((other) => book.instances.get(other)?.state !== "ready" || ill.has(other)).length;
  must(unwell + 1 <= allowed, `${name}: ${unwell + 1} would be down, at most ${allowed} may`);
  must(isInstance(target) && ill.has(target), `${name}: nothing is wrong with it`);
  const state = book.instances.get(target)?.state;
  must(state !== "stopping" && state !== "stopped", `${name}: it is being stopped`);
}
