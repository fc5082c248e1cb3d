// Keeps one state: restores the newest good one, saves at intervals, and knows which has proved good.
import { builtin } from "../../kernel/builtin.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { Bus } from "../parts/bus.ts";
import type { Surroundings } from "../parts/surroundings.ts";
import { wait } from "../parts/wait.ts";
import { fault } from "./fault.ts";
import { oneSave } from "./one-save.ts";
import type { CheckpointStatus, CheckpointsSettings, CheckpointTold, Stateful } from "./options.ts";
import { createProbation } from "./probation.ts";
import { restoreNewest, type Tell } from "./restore.ts";
import { openShelf, type Shelf } from "./shelf.ts";

export interface KeeperOptions extends Surroundings, CheckpointsSettings {
  readonly bus: Pick<Bus, "publish"> | undefined;
  readonly name: string;
}

export interface Keeper {
  readonly status: CheckpointStatus;
  /** Restores; then saves at intervals until the signal aborts. Never throws. */
  begin(signal: AbortSignal): Promise<void>;
  save(): Promise<boolean>;
  /** Saves a last time; an orderly end is no death. */
  end(isOrderly: boolean): Promise<void>;
}

/** Milliseconds for one save; one that takes longer is left alone, and none is begun beside it. */
const saveMs = 10_000;
/** Compared with what JSON made of it: beyond this that would cost too much. */
const comparedMax = 1_048_576;

export function createKeeper<State>(state: Stateful<State>, options: KeeperOptions): Keeper {
  const { name, clock, log, folder, keep, maxBytes, provenMs } = options;
  const { everyMs = 60_000, version = 1 } = state;
  const probation = createProbation(clock, provenMs);
  const counts = { saves: 0, failures: 0 };
  let shelf: Shelf | undefined;
  let restored: number | undefined;

  const tell = telling(options);
  const fail = (why: string): false => {
    counts.failures += 1;
    tell("failed", "warning", { why });
    return false;
  };
  const write = async (): Promise<boolean> => {
    if (!shelf) return fail("nothing was restored yet, or its folder cannot be used");
    const answer = await state.save();
    const wrong = await fault(state, answer);
    if (wrong !== undefined) return fail(`not saved, ${wrong}`);
    const text = textOf(answer, maxBytes);
    shelf.write(text, { version, at: clock.wall() });
    counts.saves += 1;
    probation.prove(shelf);
    shelf.prune(keep, probation.held);
    log.debug(`checkpoint of ${name} saved`, { length: text.length });
    return true;
  };
  const save = oneSave(write, { clock, limitMs: saveMs, fail });
  /** Opened here and only here: what was never restored must not be overwritten. */
  const open = async (): Promise<void> => {
    const files = openShelf(folder, name, maxBytes);
    const found = await restoreNewest(state, { ...options, shelf: files, tell });
    restored = found.restored;
    probation.begin(restored, found.proven);
    shelf = files;
  };
  const attempt = (work: (files: Shelf) => void): void => {
    try {
      if (shelf) work(shelf);
    } catch (error) {
      fail(messageOf(error));
    }
  };

  return {
    get status() {
      const newest = shelf?.numbers()[0];
      return { name, restored, newest, proven: probation.proven, ...counts };
    },
    save,
    begin: async (signal) => {
      await open().catch((error) => fail(messageOf(error)));
      void wait(clock, provenMs, signal).then((passed) => {
        if (passed) attempt(probation.live);
      });
      void (async () => {
        while (await wait(clock, everyMs, signal)) await save();
      })();
    },
    end: async (isOrderly) => {
      if (!shelf) return;
      await save();
      if (isOrderly) attempt(probation.end);
    },
  };
}

function telling({ name, log, bus }: KeeperOptions): Tell {
  return (what, severity, told) => {
    const data: CheckpointTold = { name, ...told };
    const why = told.why === undefined ? "" : `: ${told.why}`;
    log[severity === "info" ? "info" : "error"](`checkpoint of ${name} ${what}${why}`, { ...told });
    bus?.publish({ type: `checkpoint.${what}`, source: name, severity, data });
  };
}

/** A state that JSON would change comes back as another: it is not saved at all. */
function textOf(state: unknown, maxBytes: number): string {
  const text = JSON.stringify(state);
  if (text === undefined) throw wrong("save answered nothing");
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) throw wrong(`the state has ${bytes} bytes; ${maxBytes} are allowed`);
  const isSame = (): boolean => builtin("node:util").isDeepStrictEqual(JSON.parse(text), state);
  if (text.length <= comparedMax && !isSame()) {
    throw wrong("the state is more than JSON can carry (a Map, a Date, undefined, a class?)");
  }
  return text;
}

function wrong(message: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", message);
}
