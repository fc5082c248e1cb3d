// Services that run elsewhere: whether one is sick now.
import { isMild, type SymptomKind } from "../model/symptom.ts";
import { type State, symptomsOf } from "./state.ts";

/** Signs that tell nothing of the service: that nobody could ask is no sickness of whom they asked. */
const noSign: ReadonlySet<SymptomKind> = new Set<SymptomKind>(["unready", "silent"]);

/** False for a service of this machine, too. */
export function isExternalSick(state: State, service: string): boolean {
  if (!state.policy.services[service]?.external) return false;
  return symptomsOf(state, service).some(({ kind }) => !noSign.has(kind) && !isMild(kind));
}
