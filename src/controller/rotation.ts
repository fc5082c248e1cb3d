// Which instances get traffic: derived from the state, so that it is the same after a restart.
import type { SymptomKind } from "../model/symptom.ts";
import type { Target } from "../model/target.ts";
import { instancesOf, type State, symptomsOf } from "./state.ts";

export interface Turn {
  readonly instance: Target;
  readonly port: number;
  readonly state: "ready" | "draining";
}

const unfit: ReadonlySet<SymptomKind> = new Set<SymptomKind>(["unresponsive", "failing"]);

/**
 * The instances of a service that have a process. Sick ones get nothing new while there is a
 * healthy one beside them: when all are sick, a sick answer is better than none.
 */
export function rotation(state: State, service: string): readonly Turn[] {
  const policy = state.policy.services[service];
  if (!policy) return [];
  const present = instancesOf(policy).flatMap((target) => {
    const instance = state.instances[target];
    // A process that was ready before the daemon was away is taken to be ready still.
    const usable = instance?.state !== "down" && instance?.readyAtMs !== undefined;
    if (!usable || instance.port === undefined) return [];
    const sick = symptomsOf(state, target).some((symptom) => unfit.has(symptom.kind));
    return [
      { instance: target, port: instance.port, stopping: instance.state === "stopping", sick },
    ];
  });
  const anyFit = present.some((it) => !it.stopping && !it.sick);
  return present.map(({ instance, port, stopping, sick }) => {
    const state = stopping || (sick && anyFit) ? "draining" : "ready";
    return { instance, port, state };
  });
}
