// Checkpoints: the state of an app is saved whole at intervals, and the newest good one is taken up again.
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { dependencyIn } from "../parts/dependency.ts";
import { surroundings } from "../parts/surroundings.ts";
import { createKeeper, type Keeper } from "./keeper.ts";
import { type Checkpoints, type CheckpointsOptions, checkStateful, settingsOf } from "./options.ts";

export type {
  Checkpoint,
  CheckpointStatus,
  Checkpoints,
  CheckpointsOptions,
  CheckpointTold,
  Stateful,
} from "./options.ts";

const mostStates = 100;
/** Milliseconds for the last save of all states. */
const lastSaveMs = 12_000;

interface Kept {
  readonly keeper: Keeper;
  readonly out: AbortController;
}

/**
 * Each state has files of its own, written whole with a checksum. What is damaged, or what the state's
 * own `restore` or `check` refuses, is set aside and the one before it is tried. The newest state that
 * a process has lived with for `provenMs` is kept until another one has proved as good, and taken when
 * processes that begin with a newer one die again and again.
 *
 * Saving takes the main thread for as long as `JSON.stringify` and writing take: 20 to 50 ms for 16 MiB.
 */
export function createCheckpoints(options: CheckpointsOptions): Checkpoints {
  const settings = settingsOf(options);
  const { bus, stopping } = options;
  const around = surroundings(options);
  const states = new Map<string, Kept>();
  let started = false;
  let over: Promise<void> | undefined;

  const begin = async ({ keeper, out }: Kept): Promise<void> => {
    try {
      await keeper.begin(out.signal);
    } catch (error) {
      around.log.error(`a checkpoint could not begin: ${messageOf(error)}`, { error });
    }
  };
  const end = async (): Promise<void> => {
    const cause = stopping?.cause;
    // That a dependency was lost says nothing against the state.
    const isOrderly = cause === undefined || dependencyIn(cause) !== undefined;
    const ends = [...states.values()].map(async ({ keeper, out }) => {
      out.abort();
      await keeper.end(isOrderly);
    });
    for (const one of await Promise.allSettled(ends)) {
      if (one.status === "fulfilled") continue;
      around.log.error(`a last checkpoint failed: ${messageOf(one.reason)}`);
    }
  };
  const stop = (): Promise<void> => {
    over ??= end();
    return over;
  };
  stopping?.onStop("checkpoints", "resources", stop, lastSaveMs);

  return {
    register: (name, state) => {
      const who = `checkpoint "${name}"`;
      if (!/^[\w-]{1,64}$/.test(name)) {
        refuse(`the name of a checkpoint is 1 to 64 letters, digits, _ and -, got "${name}"`);
      }
      checkStateful(who, state);
      if (states.has(name)) refuse(`there is a ${who} already`);
      if (states.size >= mostStates) refuse(`there are ${mostStates} checkpoints already`);
      if (over) refuse(`${who}: checkpoints have stopped`);
      const keeper = createKeeper(state, { ...around, ...settings, bus, name });
      const kept: Kept = { keeper, out: new AbortController() };
      states.set(name, kept);
      if (started) void begin(kept);
      return {
        name,
        save: keeper.save,
        [Symbol.dispose]: () => {
          kept.out.abort();
          states.delete(name);
        },
      };
    },
    start: async () => {
      if (started) return;
      started = true;
      for (const kept of states.values()) await begin(kept);
    },
    stop,
    list: () => [...states.values()].map(({ keeper }) => keeper.status),
    [Symbol.asyncDispose]: stop,
  };
}

function refuse(message: string): never {
  throw new HomeostatError("OPTION_INVALID", message);
}
