// Services that answer late or with errors: overloaded, or waiting for something else.
import { because, type Reason } from "../model/reason.ts";
import { type Answer, type Case, type CaseInstance, diagnosis } from "./case.ts";

/** Share of one core over which a Node process is taken to be short of CPU. */
const busyCpu = 0.8;

export function slow(of: Case): Answer | undefined {
  const symptom = of.own.find(
    (other) => other.kind === "slow" || (other.kind === "hot" && other.why.unit === "ratio"),
  );
  if (!symptom) return undefined;
  const untilMs = of.openedAtMs + of.settleMs;
  if (of.nowMs < untilMs) return { kind: "wait", untilMs };
  // Requests wait while an instance is replaced: that passes, or becomes a symptom of its own.
  if (of.instances.some(isBetween)) return { kind: "wait" };
  const cpu = Math.max(0, ...of.instances.map((other) => other.cpu ?? 0));
  const used: Reason = {
    rule: "own-cpu",
    text: `its busiest instance uses ${(cpu * 100).toFixed(0)} % of a core`,
    value: cpu,
    limit: busyCpu,
    unit: "ratio",
  };
  if (cpu >= busyCpu) {
    const text = `${of.service} is overloaded`;
    return diagnosis(of, "overload", of.service, text, [symptom.why, used]);
  }
  const alive = of.instances.filter((other) => other.state === "ready").length;
  const running = because(
    "alive",
    `${alive} of ${of.instances.length} instances run and answer their probe`,
    alive,
    of.instances.length,
  );
  const text = `${of.service} waits for something slow outside it`;
  return diagnosis(of, "slow-dependency", of.service, text, [symptom.why, used, running]);
}

function isBetween({ state }: CaseInstance): boolean {
  return state === "starting" || state === "stopping";
}

/**
 * Symptoms that a service has because what it needs is not there, or was not until just now: it
 * takes a while until it is well again itself.
 */
export function dependencyDown(of: Case): Answer | undefined {
  const symptom = of.own.find((other) => other.kind !== "exit" && other.kind !== "crash-loop");
  if (!symptom) return undefined;
  const gone = of.dependencies.find((other) => other.ready === 0);
  if (!gone) {
    const backMs = Math.max(0, ...of.dependencies.map((other) => other.sinceMs ?? 0));
    const untilMs = backMs + of.healthyMs;
    return backMs > 0 && of.nowMs < untilMs ? { kind: "wait", untilMs } : undefined;
  }
  const text = `${of.service} suffers because ${gone.service} is down`;
  const why = because("dependency-down", `no instance of ${gone.service} is ready`, 0, 1);
  return diagnosis(of, "dependency-down", gone.service, text, [why, symptom.why]);
}

/** The last rule: something is wrong and no other rule knows what. */
export function unknown(of: Case): Answer | undefined {
  const symptom = of.own[0];
  if (!symptom) return undefined;
  const untilMs = of.openedAtMs + of.settleMs;
  if (of.nowMs < untilMs) return { kind: "wait", untilMs };
  const text = `${symptom.target}: ${symptom.why.text}; no rule knows the cause`;
  return diagnosis(of, "unknown", of.service, text, [symptom.why]);
}
