// Action: put an earlier version of a config file back, and start what ended because of the new one.
import { HomeostatError } from "../kernel/errors.ts";
import type { Target } from "../model/target.ts";
import type { Action } from "./action.ts";

export interface RollbackHands {
  /** Replaces the file's content in one step and tells the loop of the change. */
  restoreFile(service: Target, file: string, version: string, by: string): Promise<void>;
  /** Starts every instance of the service that is not running; which ones. */
  startMissing(service: Target, by: string): Promise<readonly Target[]>;
}

export function rollbackAction(hands: RollbackHands): Action {
  return {
    name: "rollback",
    traits: { risk: "low", reversible: true, destructive: false },
    apply: async (intent, ctx) => {
      const wanted = intent.restoreFile;
      if (!wanted) throw new HomeostatError("INVARIANT", `${intent.id} names no file to put back`);
      let fromMs = ctx.clock.now();
      await hands.restoreFile(intent.target, wanted.file, wanted.version, intent.id);
      ctx.step(`${wanted.file} ${wanted.version.slice(0, 8)} put back`, ctx.clock.now() - fromMs);
      fromMs = ctx.clock.now();
      const started = await hands.startMissing(intent.target, intent.id);
      const names = started.length === 0 ? "nothing had to be" : started.join(" and ");
      ctx.step(`${names} started`, ctx.clock.now() - fromMs);
    },
  };
}
