// Action: tell a person, through every notifier; it fails only when none could be reached.
import { deadline } from "../kernel/clock.ts";
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

/** One way may take so long; the others have been told by then. */
const wayMs = 30_000;

export function pageAction(hands: PageHands): Action {
  return {
    name: "page",
    traits: { risk: "none", reversible: false, destructive: false },
    apply: async (intent, ctx) => {
      const failures: string[] = [];
      const tell = async (way: Way): Promise<void> => {
        const fromMs = ctx.clock.now();
        const time = deadline(ctx.clock, wayMs, ctx.signal);
        const late = new Promise<never>((_, reject) => {
          time.signal.addEventListener("abort", () => reject(time.signal.reason), { once: true });
        });
        try {
          await Promise.race([way.tell(intent.incident, time.signal), late]);
          ctx.step(`told by ${way.name}`, ctx.clock.now() - fromMs);
        } catch (error) {
          failures.push(`${way.name}: ${messageOf(error)}`);
          ctx.step(`${way.name} failed: ${messageOf(error)}`, ctx.clock.now() - fromMs);
        } finally {
          time.done();
        }
      };
      // At once: a way that hangs keeps no other from being tried.
      await Promise.all(hands.ways.map(tell));
      if (failures.length === hands.ways.length) {
        const text = failures.join("; ") || "there is no way to tell anybody";
        throw new HomeostatError("ACTION_FAILED", text);
      }
    },
  };
}
