// A changed setting as a target: wrong credentials, a tiny pool, a short timeout, a flag turned over.
import { builtin } from "../../../kernel/builtin.ts";
import { HomeostatError } from "../../../kernel/errors.ts";
import { type Log, silentLog } from "../../../kernel/log.ts";
import { anything, called, checkOptions, named } from "../../../policies/options.ts";
import type { Json } from "../journal.ts";
import type { Target } from "../target.ts";
import { type Timing, timingRules } from "./timing.ts";

export interface SettingOptions<Value extends Json> extends Timing {
  /** Of the setting, for the log; its values are never logged. */
  readonly name?: string;
  readonly get: () => Value | Promise<Value>;
  readonly set: (value: Value) => unknown;
  /** What it is set to, or how that is made of what it was. */
  readonly to: Value | ((was: Value) => Value);
  readonly log?: Log;
}

interface Undo {
  readonly before: Json;
  readonly to: Json;
}

/**
 * Saves the value, sets another, and puts exactly the saved one back. When it is a third value by
 * then, somebody changed it meanwhile: theirs stays, and the log says so.
 *
 * The value is kept in the chaos journal, which only its owner may read, until it is put back. A
 * setting that lives in this process only (`inProcess: true` beside it) is not kept: a crash undoes it.
 *
 * `chaos.register("tiny pool", changedSetting({ get: () => pool.max, set: (n) => pool.resize(n), to: 1 }))`
 */
export function changedSetting<Value extends Json>(options: SettingOptions<Value>): Target {
  checkOptions<SettingOptions<Value>>("changedSetting", options, rules);
  const { name = "the setting", get, set, to, log = silentLog, ...timing } = options;
  return {
    ...timing,
    disrupt: async (signal, save) => {
      const before = await get();
      const wanted: Value = typeof to === "function" ? to(before) : (to as Value);
      if (same(before, wanted)) {
        throw new HomeostatError("OPTION_INVALID", `${name} has the value already`);
      }
      save({ before, to: wanted });
      signal.throwIfAborted();
      await set(wanted);
      // It may be kept in another form than it was given: what counts is what can be read back.
      const undo = { before, to: await get() };
      if (!same(undo.to, before)) return undo;
      throw new HomeostatError("ACTION_FAILED", `${name} did not take the value`);
    },
    recover: async (saved) => {
      if (saved === undefined) return;
      const { before, to: ours } = saved as unknown as Undo;
      const now = await get();
      if (same(now, before)) return;
      if (!same(now, ours)) {
        log.warn(`CHAOS: ${name} was changed by somebody else meanwhile: their value stays`);
        return;
      }
      await set(before as Value);
      if (same(await get(), before)) return;
      throw new HomeostatError("ACTION_FAILED", `${name} did not take its old value back`);
    },
  };
}

function same(one: unknown, other: unknown): boolean {
  return builtin("node:util").isDeepStrictEqual(one, other);
}

const rules = {
  ...timingRules,
  ...{ name: named, get: called, set: called, to: anything, log: anything },
};
