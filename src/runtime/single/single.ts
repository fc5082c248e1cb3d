// Only one process of an app runs: the second one is told who the first is, and what to do.
import { hostname } from "node:os";
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { randomId } from "../../kernel/ids.ts";
import { anything, called, checkOptions, named } from "../../policies/options.ts";
import { type Claim, type Claims, createClaims, type Holds } from "../parts/claims.ts";
import { type ProcessTable, processTable } from "../parts/process-identity.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { wait } from "../parts/wait.ts";
import { type AskSupervisor, supervisors } from "./supervisors.ts";

export interface SingleOptions extends Partial<Surroundings> {
  /** What all copies of the app share: `/run/shop/shop`. The files are `FILE.N`; the highest N counts. */
  readonly file: string;
  /** The app's unit of systemd, or program of supervisord: refused when it runs there already. */
  readonly unit?: string;
  /** Called with the error before it is thrown: the place to tell it and to end the process. */
  readonly onTaken?: (error: HomeostatError) => void;
  /** Who runs here and since when; default: the system. */
  readonly processes?: ProcessTable;
  /** Who is asked about the unit; default: systemd and supervisord, where they are. */
  readonly ask?: readonly AskSupervisor[];
}

/** Holds until it is disposed of, or its process ends, however that comes. */
export interface SingleInstance extends Disposable {
  readonly file: string;
  /** How many had it, this one included. */
  readonly number: number;
}

/** The `details` of the error. */
export interface TakenBy {
  readonly pid?: number;
  /** ISO 8601 */
  readonly since?: string;
  readonly host?: string;
  readonly unit?: string;
}

const forMs = 30_000;
const keepEveryMs = 10_000;

/**
 * Takes `file` for this process. One whose process has ended (also when its pid is in use again, or
 * the machine was started again) is taken over; of many at the same moment one wins.
 *
 * Processes in different containers cannot see each other: when they share the folder, a file counts
 * as taken until it was not written for 30 s. So a container that was killed is followed half a
 * minute later, and one that is frozen for longer loses its place, which is logged.
 * @throws ALREADY_RUNNING when a living process has it; JOURNAL_UNUSABLE when the folder cannot be
 * written; OPTION_INVALID
 */
export async function singleInstance(options: SingleOptions): Promise<SingleInstance> {
  checkOptions<SingleOptions>("singleInstance", options, rules);
  const { file, unit, processes = processTable(), ask = supervisors } = options;
  if (typeof file !== "string" || file === "") throw wrong("singleInstance needs a file");
  const { clock, random, log } = surroundings(options);
  if (unit !== undefined) await refuseSecond(unit, ask, options);
  const claims = createClaims(file, holds, processes);
  const holder = `${hostname()}/${randomId(random)}`;
  const claim = take(claims, holder, clock, options);
  const over = new AbortController();
  const keep = async (): Promise<void> => {
    while (await wait(clock, keepEveryMs, over.signal)) {
      try {
        if (claims.keep(claim.number, holder, forMs)) continue;
        log.error(`${file} was taken by another process: two may run now`, { file });
        return;
      } catch (error) {
        log.warn(`${file} could not be written: ${messageOf(error)}`, { file, error });
      }
    }
  };
  void keep();
  return {
    file,
    number: claim.number,
    [Symbol.dispose]: () => {
      if (over.signal.aborted) return;
      over.abort();
      try {
        claims.give(claim.number, holder);
      } catch (error) {
        log.warn(`${file} could not be given back: ${messageOf(error)}`, { file, error });
      }
    },
  };
}

const rules = {
  ...{ clock: anything, random: anything, log: anything, processes: anything, ask: anything },
  ...{ file: named, unit: named, onTaken: called },
};

const holds: Holds = ({ by, untilMs }, table) => {
  const life = table.lifeOf(by);
  return life === "alive" || (life === "unseen" && table.uptimeMs() < untilMs);
};

function take(
  claims: Claims,
  holder: string,
  clock: Clock,
  { file, onTaken }: SingleOptions,
): Claim {
  const since = new Date(clock.wall()).toISOString();
  let taken: ReturnType<Claims["take"]>;
  try {
    taken = claims.take({ holder, forMs, since });
  } catch (error) {
    const message = `${file} cannot be taken: ${messageOf(error)}`;
    throw new HomeostatError("JOURNAL_UNUSABLE", message, { cause: error });
  }
  if ("number" in taken) return taken;
  if (!taken.heldBy) throw refusal(`${file} was taken by others at the same moment`, {}, onTaken);
  const { by, since: at, holder: who } = taken.heldBy;
  const { pid } = by;
  const host = who.replace(/\/[^/]*$/, "");
  const isHere = pid === process.pid && host === hostname();
  const whom = isHere ? "in this very process" : `as process ${pid} on ${host}`;
  const what = isHere ? "" : `: use it, or end it first (kill ${pid})`;
  const message = `already running ${whom}, since ${at}${what}; ${file} is taken`;
  throw refusal(message, { pid, host, since: at }, onTaken);
}

async function refuseSecond(
  unit: string,
  ask: readonly AskSupervisor[],
  { clock, onTaken }: SingleOptions,
): Promise<void> {
  const answers = await Promise.all(ask.map((each) => each(unit, clock)));
  const running = answers.find((answer) => answer !== undefined);
  if (!running) return;
  const { by, pid, since, stop } = running;
  const message = `already running as ${unit} of ${by}, process ${pid}${since ? `, since ${since}` : ""}: stop it first (${stop})`;
  throw refusal(message, { unit, pid, ...(since && { since }) }, onTaken);
}

function refusal(
  message: string,
  details: TakenBy,
  onTaken: SingleOptions["onTaken"],
): HomeostatError {
  const error = new HomeostatError("ALREADY_RUNNING", message, { details });
  onTaken?.(error);
  return error;
}

const wrong = (what: string): HomeostatError => new HomeostatError("OPTION_INVALID", what);
