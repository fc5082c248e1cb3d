// What checkpoints are told, and what they tell.
import {
  anything,
  called,
  checkOptions,
  count,
  finiteAbove,
  named,
} from "../../policies/options.ts";
import type { Bus } from "../parts/bus.ts";
import type { Stopping } from "../parts/stopping.ts";
import type { Surroundings } from "../parts/surroundings.ts";

export interface CheckpointsOptions extends Partial<Surroundings> {
  /** Of this process alone; nothing else may lie in it. */
  readonly folder: string;
  /** Files that are kept of each state, 3 or more; default 5. */
  readonly keep?: number;
  /** Of one state as JSON; a larger one is not saved, and told. Default 16 MiB. */
  readonly maxBytes?: number;
  /** Milliseconds a process has to live with a state before that counts as good; default 60,000. */
  readonly provenMs?: number;
  /** So many processes may die sooner, one after another, before an older state is taken; default 3. */
  readonly deathsMax?: number;
  /** Saves a last time in the stage "resources". With a `cause` the app is dying, not ending. */
  readonly stopping?: Pick<Stopping, "signal" | "onStop"> & { readonly cause?: unknown };
  /** Hears `checkpoint.restored`, `checkpoint.set_aside` and `checkpoint.failed`. */
  readonly bus?: Pick<Bus, "publish">;
}

/** A state that is worth more than a fresh start. Whatever JSON can carry. */
export interface Stateful<State> {
  /** A snapshot: what changes later must not change it. */
  save(): State | Promise<State>;
  /** Takes it over. One that throws has to leave things as they were: an older state is tried then. */
  restore(state: State): void | Promise<void>;
  /**
   * Whether a state is whole: asked before it is saved and after it was restored. A text says what is
   * wrong with it.
   */
  check?(state: State): boolean | string | Promise<boolean | string>;
  /** Milliseconds between two saves; default 60,000. */
  readonly everyMs?: number;
  /** One that is older, in milliseconds, is not restored; default: any age. */
  readonly maxAgeMs?: number;
  /** Of the shape of the state; default 1. One that a newer version wrote is not restored. */
  readonly version?: number;
  /** Makes a state of an older version one of this; without it such a state is not restored. */
  migrate?(state: unknown, from: number): State | Promise<State>;
}

/** The data of the events. */
export interface CheckpointTold {
  readonly name: string;
  readonly file?: string;
  readonly why?: string;
  /** Milliseconds since it was saved. */
  readonly ageMs?: number;
}

export interface CheckpointStatus {
  readonly name: string;
  /** The number of the file it began with; undefined when it began anew, or has not begun. */
  readonly restored: number | undefined;
  /** The newest file, and the newest that a process has lived with for long enough. */
  readonly newest: number | undefined;
  readonly proven: number | undefined;
  readonly saves: number;
  readonly failures: number;
}

export interface Checkpoint extends Disposable {
  readonly name: string;
  /** Saves now, or joins the save that is under way; false when that did not work. Never throws. */
  save(): Promise<boolean>;
}

export interface Checkpoints extends AsyncDisposable {
  /**
   * After the start it is restored at once, in the background.
   * @throws OPTION_INVALID
   */
  register<State>(name: string, state: Stateful<State>): Checkpoint;
  /** Restores all that is registered, in that order, and begins to save. Never throws. */
  start(): Promise<void>;
  /** Saves a last time. Never throws. */
  stop(): Promise<void>;
  list(): readonly CheckpointStatus[];
}

export type CheckpointsSettings = Required<
  Pick<CheckpointsOptions, "folder" | "keep" | "maxBytes" | "provenMs" | "deathsMax">
>;

export function settingsOf(options: CheckpointsOptions): CheckpointsSettings {
  checkOptions<CheckpointsOptions>("checkpoints", options, rules);
  const { folder, keep = 5, maxBytes = 16_777_216, provenMs = 60_000, deathsMax = 3 } = options;
  return { folder, keep, maxBytes, provenMs, deathsMax };
}

export function checkStateful<State>(who: string, state: Stateful<State>): void {
  checkOptions<Stateful<State>>(who, state, {
    ...{ save: called, restore: called, check: called, migrate: called },
    ...{ everyMs: finiteAbove(0), maxAgeMs: finiteAbove(0), version: count(1) },
  });
}

const rules = {
  ...{ clock: anything, random: anything, log: anything, stopping: anything, bus: anything },
  folder: named,
  keep: count(3, 1_000),
  maxBytes: count(1, 268_435_456),
  provenMs: finiteAbove(0),
  deathsMax: count(1, 100),
};
