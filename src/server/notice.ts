// What people are told of an incident: what was seen, what was done and why, how it was verified, what comes.
import type { State } from "../controller/state.ts";
import { formatDuration } from "../kernel/duration.ts";
import { plain, redact } from "../kernel/redact.ts";
import type { ActionRecord } from "../model/action.ts";
import { type Incident, isOpen } from "../model/incident.ts";
import type { Notice } from "../notifiers/notifier.ts";
import { doingOf, titleOf } from "./title.ts";

const symptomsTold = 4;
const actionsTold = 5;
const stepsTold = 6;

/** `dashboard` is the address at which people reach it, without a slash at its end. */
export function noticeOf(
  state: State,
  incident: Incident,
  nowMs: number,
  dashboard: string,
): Omit<Notice, "urgent"> {
  const { id, drill } = incident;
  const isOver = !isOpen(incident);
  const asked = incident.approvals.findLast(({ state }) => state === "open");
  const facts = factsOf(incident, nowMs);
  const words = Object.entries(facts).map(([name, fact]) => `${labels[name] ?? name}: ${fact}`);
  const marks = [drill === undefined ? "" : "drill: ", isOver ? "over: " : ""].join("");
  return {
    incident: id,
    title: clean(`${state.policy.project}: ${marks}${titleOf(incident)}`),
    text: words.join("\n"),
    facts,
    link: `${dashboard}/#/incidents/${encodeURIComponent(id)}`,
    ...(isOver ? { over: true as const } : {}),
    ...(asked ? { asks: { approval: asked.id, askedAtMs: asked.askedAtMs } } : {}),
  };
}

const labels: Readonly<Record<string, string>> = {
  service: "Service",
  seen: "Seen",
  cause: "Cause",
  done: "Done",
  verified: "Verified",
  held: "Held back",
  asked: "Asked",
  next: "Next",
  end: "End",
};

function factsOf(incident: Incident, nowMs: number): Readonly<Record<string, string>> {
  const { diagnosis, standing, service, approvals } = incident;
  const actions = incident.actions.filter(({ kind }) => kind !== "page");
  const judged = actions.findLast(({ outcome }) => outcome);
  const asked = approvals.filter(({ state }) => state === "open");
  const facts: Readonly<Record<string, string | undefined>> = {
    service,
    seen: seenText(incident),
    cause: diagnosis && [diagnosis.text, ...diagnosis.because.map(({ text }) => text)].join("; "),
    done: actions.length === 0 ? "nothing yet" : doneText(actions),
    verified:
      judged?.outcome && `${judged.id} ${judged.outcome.result}: ${judged.outcome.why.text}`,
    held: standing && `${standing.action} of ${standing.target}: ${standing.why.text}`,
    asked:
      asked.length === 0
        ? undefined
        : asked.map(({ id, effect, undo }) => `${id}: ${effect} (undo: ${undo})`).join("; "),
    ...(isOpen(incident) ? { next: nextText(incident, nowMs) } : { end: endText(incident, nowMs) }),
  };
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, fact]) =>
      fact === undefined || fact === "" ? [] : [[name, clean(fact)]],
    ),
  );
}

function seenText({ symptoms, sinceMs, openedAtMs }: Incident): string {
  const told = symptoms.slice(-symptomsTold).map((it) => {
    const gone = it.clearedAtMs === undefined ? "" : " (no longer)";
    return `${it.target}: ${it.why.text}${gone}`;
  });
  const more = symptoms.length - told.length;
  const rest = more > 0 ? [`and ${more} more`] : [];
  const detected = `detected in ${formatDuration(Math.max(0, openedAtMs - sinceMs))}`;
  return [...told, ...rest, detected].join("; ");
}

function doneText(actions: readonly ActionRecord[]): string {
  const told = actions.slice(-actionsTold).map(actionText);
  const more = actions.length - told.length;
  return [...(more > 0 ? [`${more} before`] : []), ...told].join("; ");
}

/** "A3 restart of web/1, because it hangs: done (drained, started)". */
function actionText({ id, kind, target, why, state, error, receipt }: ActionRecord): string {
  const steps = (receipt?.steps ?? []).slice(0, stepsTold).map(({ text }) => text);
  const how = steps.length === 0 ? "" : ` (${steps.join(", ")})`;
  const end = state === "failed" ? `failed: ${error ?? "without a word"}` : state;
  return `${id} ${kind} of ${target}, because ${why.text}: ${end}${how}`;
}

function nextText(incident: Incident, nowMs: number): string {
  const { plan, rung, actions } = incident;
  const next = plan?.rungs[Math.max(rung, (actions.at(-1)?.rung ?? -1) + 1)];
  const isDue = next && incident.state !== "escalated" && next.action !== "page";
  return `${doingOf(incident, nowMs)}${isDue ? ` If that does not help: ${next.action}.` : ""}`;
}

function endText({ ending, sinceMs, endedAtMs }: Incident, nowMs: number): string {
  const tookMs = Math.max(0, (endedAtMs ?? nowMs) - sinceMs);
  return `${ending?.text ?? "it has passed"}, ${formatDuration(tookMs)} after the first sign`;
}

/** It leaves the house: no secrets, and nothing that is no text. */
function clean(text: string): string {
  return redact(plain(text));
}
