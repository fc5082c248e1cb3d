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
 * healthy one beside them: when all are sick, a sick answer is better than none. What says itself
 * that it is not ready gets nothing at all.
 */
export function rotation(state: State, service: string): readonly Turn[] {
  const policy = state.policy.services[service];
  if (!policy) return [];
  const present = instancesOf(policy).flatMap((target) => {
    const instance = state.instances[target];
    // A process that was ready before the daemon was away is taken to be ready still.
    const usable = instance?.state !== "down" && instance?.readyAtMs !== undefined;
    if (!usable || instance.port === undefined) return [];
    const kinds = symptomsOf(state, target).map((symptom) => symptom.kind);
    const closed = instance.state === "stopping" || kinds.includes("unready");
    const sick = kinds.some((kind) => unfit.has(kind));
    return [{ instance: target, port: instance.port, closed, sick }];
  });
  const anyFit = present.some((it) => !it.closed && !it.sick);
  return present.map(({ instance, port, closed, sick }) => {
    const state = closed || (sick && anyFit) ? "draining" : "ready";
    return { instance, port, state };
  });
}
