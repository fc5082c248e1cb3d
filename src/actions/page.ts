// Action: tell a person, through every notifier; it fails only when none could be reached.
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Action } from "./action.ts";

export interface PageHands {
  /** The ways to reach a person; each tells of one incident. */
  readonly ways: readonly Way[];
}

export interface Way {
  readonly name: string;
  tell(incident: string, signal: AbortSignal): Promise<void>;
}

export function pageAction(hands: PageHands): Action {
  return {
    name: "page",
    traits: { risk: "none", reversible: false, destructive: false },
    apply: async (intent, ctx) => {
      const failures: string[] = [];
      for (const way of hands.ways) {
        const fromMs = ctx.clock.now();
        try {
          await way.tell(intent.incident, ctx.signal);
          ctx.step(`told by ${way.name}`, ctx.clock.now() - fromMs);
        } catch (error) {
          failures.push(`${way.name}: ${messageOf(error)}`);
          ctx.step(`${way.name} failed: ${messageOf(error)}`, ctx.clock.now() - fromMs);
        }
      }
      if (failures.length > 0 && failures.length === hands.ways.length) {
        throw new HomeostatError("ACTION_FAILED", failures.join("; "));
      }
    },
  };
}
