// Which instances get traffic: derived from the state, so that it is the same after a restart.
import type { Instance } from "../model/instance.ts";
import type { SymptomKind } from "../model/symptom.ts";
import type { Target } from "../model/target.ts";
import { instancesOf, type State, symptomsOf } from "./state.ts";

export interface Turn {
  readonly instance: Target;
  readonly port: number;
  /** spare: for when no other can · hung: what it was asked goes to another. */
  readonly state: "ready" | "spare" | "draining" | "hung";
}

const unfit: ReadonlySet<SymptomKind> = new Set<SymptomKind>(["unresponsive", "failing"]);

/**
 * The instances of a service that have a process. Sick ones get nothing new while there is a
 * healthy one beside them: when all are sick, a sick answer is better than none. What says itself
 * that it is not ready gets nothing at all. Those that have been ready for longest serve, and the
 * others are spares: so the one that takes over goes on serving, and who comes back is the next
 * spare.
 */
export function rotation(state: State, service: string): readonly Turn[] {
  const policy = state.policy.services[service];
  if (!policy) return [];
  const present = instancesOf(policy).flatMap((target) => presentOne(state, target));
  const open = present.filter((it) => !it.closed);
  const anyFit = open.some((it) => !it.sick);
  const able = open.filter((it) => !it.sick || !anyFit);
  const serving = new Set(
    able
      .toSorted((a, b) => a.sinceMs - b.sinceMs)
      .slice(0, Math.max(1, policy.replicas - (policy.spares ?? 0))),
  );
  return present.map((it) => {
    const { instance, port } = it;
    if (serving.has(it)) return { instance, port, state: "ready" };
    if (able.includes(it)) return { instance, port, state: "spare" };
    return { instance, port, state: it.hung && anyFit ? "hung" : "draining" };
  });
}

interface Present {
  readonly instance: Target;
  readonly port: number;
  /** When it first became ready in this run. */
  readonly sinceMs: number;
  readonly closed: boolean;
  readonly sick: boolean;
  readonly hung: boolean;
}

function presentOne(state: State, target: Target): readonly Present[] {
  const instance: Instance | undefined = state.instances[target];
  // A process that was ready before the daemon was away is taken to be ready still.
  if (!instance || instance.state === "down" || instance.readyAtMs === undefined) return [];
  const { port, readyAtMs: sinceMs } = instance;
  if (port === undefined) return [];
  const kinds = symptomsOf(state, target).map((symptom) => symptom.kind);
  const closed = instance.state === "stopping" || kinds.includes("unready");
  const sick = kinds.some((kind) => unfit.has(kind));
  return [{ instance: target, port, sinceMs, closed, sick, hung: kinds.includes("unresponsive") }];
}
