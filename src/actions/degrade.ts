// Actions: let the gateway answer for a sick service at once, and send its traffic to it again.
import type { Action } from "./action.ts";

export interface DegradeHands {
  /** Resolves when the gateway has taken over what the journal says of degraded services. */
  gatewayInStep(): Promise<void>;
}

const traits = { risk: "low", reversible: true, destructive: false } as const;

export function degradeAction(hands: DegradeHands): Action {
  return {
    name: "degrade",
    traits,
    apply: async (intent, ctx) => {
      const fromMs = ctx.clock.now();
      await hands.gatewayInStep();
      ctx.step(`the gateway answers for ${intent.target} at once`, ctx.clock.now() - fromMs);
    },
  };
}

export function restoreAction(hands: DegradeHands): Action {
  return {
    name: "restore",
    traits,
    apply: async (intent, ctx) => {
      const fromMs = ctx.clock.now();
      await hands.gatewayInStep();
      ctx.step(`traffic goes to ${intent.target} again`, ctx.clock.now() - fromMs);
    },
  };
}
