// Action: stop a running process and start it again, its requests drained or failed over before.
import type { Target } from "../model/target.ts";
import type { Action } from "./action.ts";

export interface RestartHands {
  start(target: Target, by: string): Promise<void>;
  stop(
    target: Target,
    how: { readonly by: string; readonly waitMs?: number; readonly drain?: boolean },
    step: (text: string, tookMs: number) => void,
  ): Promise<void>;
}

export function restartAction(hands: RestartHands): Action {
  return {
    name: "restart",
    traits: { risk: "medium", reversible: false, destructive: true },
    apply: async (intent, ctx) => {
      const { target, stopWaitMs } = intent;
      // Who asks for a short stop knows that the process cannot finish anything.
      const how =
        stopWaitMs === undefined
          ? { by: intent.id }
          : { by: intent.id, waitMs: stopWaitMs, drain: false };
      await hands.stop(target, how, ctx.step);
      const fromMs = ctx.clock.now();
      await hands.start(target, intent.id);
      ctx.step(`${target} started`, ctx.clock.now() - fromMs);
    },
  };
}
