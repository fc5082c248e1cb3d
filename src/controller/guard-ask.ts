// What a guard is asked, and what it is: an objection with its rule and number, or none.
import type { ActionTraits } from "../model/action.ts";
import type { Incident } from "../model/incident.ts";
import type { Rung } from "../model/plan.ts";
import type { ServicePolicy } from "../model/policy.ts";
import type { Verdict } from "../model/refusal.ts";
import type { Target } from "../model/target.ts";
import type { State } from "./state.ts";

/**
 * A rung that is tried now. `undoes`: the action that it takes back; `retry`: it was given up, and is
 * tried all the same now and then.
 */
export type Attempt = Rung & { readonly undoes?: string; readonly retry?: true };

export interface Ask {
  readonly state: State;
  readonly incident: Incident;
  readonly policy: ServicePolicy;
  readonly rung: Attempt;
  readonly target: Target;
  readonly traits: ActionTraits;
  readonly nowMs: number;
}

export type Guard = (ask: Ask) => Verdict | undefined;
