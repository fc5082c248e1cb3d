// Plan: the ladder for a diagnosis, with the answers that were considered and are wrong here.
import type { ActionKind } from "../model/action.ts";
import type { Diagnosis } from "../model/diagnosis.ts";
import type { DecisionDraft } from "../model/event.ts";
import type { Incident } from "../model/incident.ts";
import type { Plan, Rung } from "../model/plan.ts";
import type { ServicePolicy } from "../model/policy.ts";
import { because } from "../model/reason.ts";
import { cheaperFirst, priced } from "./cost.ts";
import { downInstances, openIncidents, type State } from "./state.ts";

/**
 * A blocked event loop cannot handle TERM: waiting longer for it only prolongs the outage. Who asks
 * often has no time for it, and half a period is the measure.
 */
function blockedStopWaitMs({ probe }: ServicePolicy): number {
  return probe ? Math.min(500, Math.round(probe.periodMs / 2)) : 500;
}

export function plan(state: State): readonly DecisionDraft[] {
  for (const incident of openIncidents(state)) {
    const policy = state.policy.services[incident.service];
    if (incident.state !== "open" || incident.plan || !incident.diagnosis || !policy) continue;
    const data = ladder(state, incident, incident.diagnosis, policy);
    return [{ type: "plan.made", subject: incident.service, incident: incident.id, data }];
  }
  return [];
}

type Ladder = Pick<Plan, "rungs" | "rejected">;

function ladder(
  state: State,
  incident: Incident,
  diagnosis: Diagnosis,
  policy: ServicePolicy,
): Plan {
  const { rungs: known, rejected } = climb(state, incident, diagnosis, policy);
  const rungs = cheaperFirst(state, diagnosis.signature, known).map((it) => priced(state, it));
  const page: Rung = {
    action: "page",
    targets: [incident.service],
    why: because(
      "ladder-end",
      rungs.length === 0 ? "no machine can mend this" : "nothing else is left",
    ),
  };
  return { diagnosis: diagnosis.kind, rungs: [...rungs, page], rejected };
}

function climb(
  state: State,
  incident: Incident,
  diagnosis: Diagnosis,
  policy: ServicePolicy,
): Ladder {
  switch (diagnosis.kind) {
    case "crash":
    case "crash-loop":
      return start(state, incident, policy);
    case "bad-change":
      return rollback(state, incident, diagnosis);
    case "hang":
      return restart(
        diagnosis,
        blockedStopWaitMs(policy),
        "a blocked process does not come back by itself",
      );
    case "stuck":
      return restart(diagnosis, undefined, "it runs and answers, and does not do its work");
    case "exhaustion":
      return restart(
        diagnosis,
        undefined,
        "a fresh process has all of it again, and a planned end is a clean one",
      );
    case "slow-dependency":
      return degrade(diagnosis, policy);
    case "overload":
      return nothing("restart", "it would hand its load to the others and start cold", diagnosis);
    case "common-cause":
      return nothing("restart", "what makes half of a group sick outlives a restart", diagnosis);
    case "external-down":
      return nothing(
        "restart",
        `${diagnosis.target} runs elsewhere: nothing here can mend it`,
        diagnosis,
      );
    case "dependency-down":
      return nothing("restart", `${diagnosis.target} has to come back first`, diagnosis);
    default:
      return nothing("restart", "an unknown cause is no reason to lose the evidence", diagnosis);
  }
}

function start(state: State, incident: Incident, policy: ServicePolicy): Ladder {
  if (policy.restart.when === "never") {
    const text = `${policy.name} is configured to be never restarted`;
    return { rungs: [], rejected: [{ action: "start", why: because("restart-policy", text) }] };
  }
  if (policy.job) {
    const tries = state.jobs[policy.name]?.last?.attempts ?? 1;
    const text = `${policy.name} is a job: its tries are used up, and its next run is people's or its schedule's`;
    const why = because("retries", text, tries, 1 + policy.job.retries);
    return { rungs: [], rejected: [{ action: "start", why }] };
  }
  const targets = downInstances(state, incident.service);
  const text = "a process that is gone is started again";
  return {
    rungs: [{ action: "start", targets, why: because("ladder", text), repeat: true }],
    rejected: [],
  };
}

function rollback(state: State, incident: Incident, diagnosis: Diagnosis): Ladder {
  const bad = state.changes.findLast(
    (change) =>
      change.target === incident.service &&
      change.file !== undefined &&
      state.proven[change.file]?.version !== change.version,
  );
  const proven = bad?.file === undefined ? undefined : state.proven[bad.file];
  if (bad?.file === undefined || !proven)
    return nothing("rollback", "no proven version", diagnosis);
  const { file, version } = bad;
  const rung: Rung = {
    action: "rollback",
    targets: [incident.service],
    why: because(
      "last-known-good",
      `${file} ${short(proven.version)} is the last that ran healthy`,
    ),
    restoreFile: { file, version: proven.version },
    ...(version === undefined
      ? {}
      : {
          undo: {
            kind: "rollback",
            text: `put ${file} ${short(version)} back`,
            restoreFile: { file, version },
          },
        }),
  };
  const text = "every start reads the same file and ends the same way";
  return { rungs: [rung], rejected: [{ action: "start", why: because("recent-change", text) }] };
}

function restart(diagnosis: Diagnosis, stopWaitMs: number | undefined, text: string): Ladder {
  const rung: Rung = {
    action: "restart",
    targets: [diagnosis.target],
    why: because("ladder", text),
    ...(stopWaitMs === undefined ? {} : { stopWaitMs }),
  };
  return { rungs: [rung], rejected: [] };
}

function degrade(diagnosis: Diagnosis, policy: ServicePolicy): Ladder {
  const cpu = diagnosis.because.find((other) => other.rule === "own-cpu");
  const text = "it is not the process that is slow: a restart changes nothing outside it";
  const rejected = [
    { action: "restart" as const, why: { ...(cpu ?? because("own-cpu", text)), text } },
  ];
  if (!policy.degradable) return { rungs: [], rejected };
  const rung: Rung = {
    action: "degrade",
    targets: [diagnosis.target],
    why: because("ladder", "its dependents cope without it and must not wait for it"),
    undo: { kind: "restore", text: `send traffic to ${diagnosis.target} again` },
  };
  return { rungs: [rung], rejected };
}

function nothing(action: ActionKind, text: string, diagnosis: Diagnosis): Ladder {
  const first = diagnosis.because[0];
  const reason = first ? { ...first, text } : because("no-ladder", text);
  return { rungs: [], rejected: [{ action, why: reason }] };
}

function short(version: string): string {
  return version.slice(0, 8);
}
