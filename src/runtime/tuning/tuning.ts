// Self-tuning: changes one setting of the app at a time, keeps what measurably helped, puts back the rest.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { Kept } from "../parts/kept.ts";
import { surroundings } from "../parts/surroundings.ts";
import { wait } from "../parts/wait.ts";
import { rested, startClimb } from "./climb.ts";
import {
  checkTuning,
  type FullSetting,
  type SettingStatus,
  settingOf,
  type Tuning,
  type TuningOptions,
} from "./options.ts";
import { change, type TrialOptions, type Tuned, tryOne } from "./trial.ts";

export type { Comparison } from "./compare.ts";
export type { Setting, SettingStatus, Tuning, TuningOptions, TuningTold } from "./options.ts";

const mostSettings = 100;
/** How often it is looked whether the app is well again. */
const lookMs = 5_000;
const longestRestMs = 21_600_000;
const longestWaitMs = 60_000;

/** What is kept of a setting; `configured` tells whether somebody has changed its configuration since. */
interface Remembered {
  readonly value: number;
  readonly configured: number;
}

interface Inner extends TrialOptions {
  readonly settings: ReadonlyMap<string, Tuned>;
  readonly kept: Kept | undefined;
}

/**
 * A hill climber with patience. A trial measures a window with the value in force, one with the next
 * value, and, when that was better by more than the noise of both and the least effect, one more with
 * the old value; only what beats both is kept. After a round in which nothing helped a setting rests,
 * twice as long each time. Nothing is changed right after the start, while the app is not well, or
 * while it is frozen; values never leave their bounds.
 */
export function createTuning(options: TuningOptions = {}): Tuning {
  checkTuning(options);
  const { clock, log, random } = surroundings(options);
  const { guard, startMs = 120_000, kept, bus, stopping } = options;
  const settings = new Map<string, Tuned>();
  const frozen = new Set<object>();
  const over = new AbortController();
  let work: Promise<void> | undefined;

  const mayChange = ({ setting }: Tuned): boolean =>
    frozen.size === 0 && isWell(guard, log) && isWell(setting.guard, log);
  const inner: Inner = { clock, log, bus, mayChange, signal: over.signal, settings, kept };
  const stop = async (): Promise<void> => {
    over.abort(new HomeostatError("CANCELLED", "tuning stops"));
    await work;
  };
  stopping?.onStop("tuning", "workers", stop);

  return {
    register: (name, given) => {
      const setting = settingOf(name, given);
      if (settings.has(name)) refuse(`there is a tuned setting "${name}" already`);
      if (settings.size >= mostSettings) refuse(`there are ${mostSettings} tuned settings already`);
      const tuned = tunedOf(name, setting, random() < 0.5 ? 1 : -1);
      settings.set(name, tuned);
      return {
        [Symbol.dispose]: () => {
          settings.delete(name);
          tuned.removed.abort();
        },
      };
    },
    start: () => {
      work ??= run(inner, startMs).catch((error) => {
        log.error(`tuning has ended: ${messageOf(error)}`, { error });
      });
    },
    stop,
    freeze: (why) => {
      const mine = {};
      frozen.add(mine);
      log.info(`tuning is frozen: ${why}`);
      return { [Symbol.dispose]: () => void frozen.delete(mine) };
    },
    list: () => [...settings.values()].map((tuned) => statusOf(tuned, mayChange(tuned))),
    [Symbol.asyncDispose]: stop,
  };
}

function tunedOf(name: string, setting: FullSetting, direction: 1 | -1): Tuned {
  const { value } = setting;
  return {
    ...{ name, setting, removed: new AbortController(), climb: startClimb(value, direction) },
    ...{ value, state: "waiting", isRecalled: false, restUntil: 0, rests: 0 },
    ...{ changes: 0, rollbacks: 0, last: undefined },
  };
}

function isWell(ask: (() => boolean) | undefined, log: Log): boolean {
  try {
    return ask === undefined || ask() === true;
  } catch (error) {
    log.warn(`tuning: its guard failed, nothing is changed: ${messageOf(error)}`, { error });
    return false;
  }
}

/** One setting after another, until tuning stops. */
async function run(inner: Inner, startMs: number): Promise<void> {
  const { clock, signal, settings, mayChange } = inner;
  await recallAll(inner);
  await wait(clock, startMs, signal);
  let last: Tuned | undefined;
  while (!signal.aborted) {
    await recallAll(inner);
    const all = [...settings.values()];
    const after = all.slice(last ? all.indexOf(last) + 1 : 0);
    const due = [...after, ...all].filter(({ restUntil }) => restUntil <= clock.now());
    const next = due.find(mayChange);
    if (next) {
      await turn(next, inner);
      last = next;
      continue;
    }
    const soonest = Math.min(...all.map(({ restUntil }) => restUntil - clock.now()));
    const idleMs = due.length > 0 ? lookMs : Math.max(1, Math.min(soonest, longestWaitMs));
    await wait(clock, idleMs, signal);
  }
}

async function turn(tuned: Tuned, inner: Inner): Promise<void> {
  const { clock, log } = inner;
  const { changes } = tuned;
  if (await tryOne(tuned, inner)) {
    if (tuned.changes > changes) remember(inner);
    return;
  }
  const restMs = Math.min(longestRestMs, tuned.setting.restMs * 2 ** tuned.rests);
  tuned.climb = rested(tuned.climb);
  tuned.rests = Math.min(20, tuned.rests + 1);
  tuned.restUntil = clock.now() + restMs;
  tuned.state = "resting";
  log.debug(`tuning ${tuned.name}: nothing helps, it rests`, { restMs });
}

/** What others were remembered by stays: they may be registered later. */
function remember({ settings, kept }: Inner): void {
  const all = [...settings.values()].map(({ name, setting, climb }): [string, Remembered] => [
    name,
    { value: climb.value, configured: setting.value },
  ]);
  const before = kept?.read();
  const others = typeof before === "object" && before !== null ? before : {};
  kept?.write({ ...others, ...Object.fromEntries(all) });
}

async function recallAll(inner: Inner): Promise<void> {
  for (const tuned of inner.settings.values()) {
    if (tuned.isRecalled) continue;
    tuned.isRecalled = true;
    await recall(tuned, inner.kept?.read(), inner);
  }
}

/** The best value of the process before, unless its configuration says something else than then. */
async function recall(tuned: Tuned, all: unknown, around: TrialOptions): Promise<void> {
  const { name, setting } = tuned;
  const found = (all as Record<string, Partial<Remembered>> | undefined)?.[name];
  const { value, configured } = found ?? {};
  if (typeof value !== "number" || configured !== setting.value || value === setting.value) return;
  if (!(value >= setting.min && value <= setting.max)) return;
  try {
    await change(tuned, value, "remembered", around);
    tuned.climb = { ...tuned.climb, value };
  } catch (error) {
    tuned.value = setting.value;
    around.log.error(`tuning ${name} could not be set again: ${messageOf(error)}`, { error });
  }
}

function statusOf(tuned: Tuned, mayChange: boolean): SettingStatus {
  const { name, value, climb, state, changes, rollbacks, last } = tuned;
  return {
    ...{ name, value, best: climb.value, changes, rollbacks },
    state: mayChange ? state : "frozen",
    ...(last && { last }),
  };
}

function refuse(message: string): never {
  throw new HomeostatError("OPTION_INVALID", message);
}
