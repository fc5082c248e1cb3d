// Action: tell a person, through every notifier; it fails only when none could be reached.
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import type { Notice, Notifier } from "../notifiers/notifier.ts";
import type { Action } from "./action.ts";

export interface PageHands {
  readonly notifiers: readonly Notifier[];
  /** What to say about an incident. */
  notice(incident: string): Notice;
}

export function pageAction(hands: PageHands): Action {
  return {
    name: "page",
    traits: { risk: "none", reversible: false, destructive: false },
    apply: async (intent, ctx) => {
      const notice = hands.notice(intent.incident);
      const failures: string[] = [];
      for (const notifier of hands.notifiers) {
        const fromMs = ctx.clock.now();
        try {
          await notifier.send(notice, { signal: ctx.signal });
          ctx.step(`told by ${notifier.name}`, ctx.clock.now() - fromMs);
        } catch (error) {
          failures.push(`${notifier.name}: ${messageOf(error)}`);
          ctx.step(`${notifier.name} failed: ${messageOf(error)}`, ctx.clock.now() - fromMs);
        }
      }
      if (failures.length > 0 && failures.length === hands.notifiers.length) {
        throw new HomeostatError("ACTION_FAILED", failures.join("; "));
      }
    },
  };
}
