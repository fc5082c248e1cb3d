// Action: start a process that is not running.
import type { Target } from "../model/target.ts";
import type { Action } from "./action.ts";

export interface StartHands {
  start(target: Target, by: string): Promise<void>;
}

export function startAction(hands: StartHands): Action {
  return {
    name: "start",
    traits: { risk: "none", reversible: false, destructive: false },
    apply: async (intent, ctx) => {
      const fromMs = ctx.clock.now();
      await hands.start(intent.target, intent.id);
      ctx.step(`${intent.target} started`, ctx.clock.now() - fromMs);
    },
  };
}
