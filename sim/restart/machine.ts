// The machine of the restart trials: processes with a temper, which outlive the daemons that start them.
import { HomeostatError } from "../../src/kernel/errors.ts";
import type { ProcessIdentity } from "../../src/model/instance.ts";
import type { Target } from "../../src/model/target.ts";
import type { Ended, Found, Platform, StartSpec } from "../../src/platforms/platform.ts";
import type { SimClock } from "../../src/testing/sim-clock.ts";
import type { Dice } from "../dice.ts";
import { Breach } from "../invariants.ts";

/** How the processes of an instance live now; "sound" ones end seldom. */
export type Temper = "sound" | "brief" | "instant" | "finishing" | "unspawnable" | "slow-death";

export interface Process {
  readonly found: Found;
  readonly bornMs: number;
  /** Undefined while it runs. */
  end?: Ended & { readonly atMs: number };
  /** It is in its group, and does not end with its leader. */
  child: boolean;
  told: number;
  readonly over: PromiseWithResolvers<Ended>;
}

export interface Machine {
  readonly processes: readonly Process[];
  readonly tempers: Map<Target, Temper>;
  /** Whether people want it down; what is started then is a breach. */
  isHeld: (target: Target) => boolean;
  /** Processes ignore TERM. */
  readonly deaf: Set<Target>;
  /** Nothing ends by itself any more. */
  calm: boolean;
  starts: number;
  end(process: Process, ended: Pick<Ended, "code" | "signal">): void;
  living(target: Target): Process | undefined;
  /** As a daemon sees it, until that dies: then nothing it orders reaches the machine. */
  platform(isAlive: () => boolean): Platform;
}

const bootId = "boot-1";
/** What has ended and was told is forgotten. */
const keptMax = 200;

const ends: readonly Pick<Ended, "code" | "signal">[] = [
  { code: 1, signal: null },
  { code: 70, signal: null },
  { code: null, signal: "SIGKILL" },
  { code: null, signal: "SIGSEGV" },
  { code: null, signal: "SIGTERM" },
];

export function createMachine(clock: SimClock, dice: Dice): Machine {
  let processes: Process[] = [];
  let pids = 100;

  const living = (target: Target): Process | undefined =>
    processes.find((it) => it.found.target === target && !it.end);
  const end: Machine["end"] = (process, ended) => {
    if (process.end) return;
    process.end = { ...ended, known: true, atMs: clock.now() };
    process.over.resolve({ ...ended, known: true });
  };
  const spawn = (spec: StartSpec): Process => {
    const { target, run } = spec;
    const twin = living(target);
    if (twin) throw new Breach(`${target} has two living processes`);
    if (self.isHeld(target)) throw new Breach(`${target} is started while people hold it down`);
    const temper = self.tempers.get(target) ?? "sound";
    if (temper === "unspawnable") throw new HomeostatError("SPAWN_FAILED", `${target}: no program`);
    pids += 1;
    const identity = { pid: pids, startTicks: pids, bootId };
    const process: Process = {
      found: { target, run, identity, leader: true },
      bornMs: clock.now(),
      child: dice.chance(0.2),
      told: 0,
      over: Promise.withResolvers<Ended>(),
    };
    processes = [...processes.slice(-keptMax).filter((it) => !it.end || it.told === 0), process];
    self.starts += 1;
    const lifeMs = lifeOf(temper, dice);
    const how = temper === "finishing" ? { code: 0, signal: null } : dice.pick(ends);
    clock.sleep(lifeMs).then(
      () => !self.calm && end(process, how),
      () => {},
    );
    return process;
  };
  const find = ({ pid }: ProcessIdentity): Process | undefined =>
    processes.find(({ found }) => found.identity.pid === pid);
  const signal = (identity: ProcessIdentity, name: string): boolean => {
    const process = find(identity);
    if (!process || (process.end && !process.child)) return false;
    if (name === "SIGKILL") {
      process.child = false;
      end(process, { code: null, signal: "SIGKILL" });
    } else if (name === "SIGTERM" && !self.deaf.has(process.found.target)) {
      const how = dice.chance(0.5) ? { code: 0, signal: null } : { code: null, signal: "SIGTERM" };
      clock.sleep(dice.between(1, 400)).then(
        () => end(process, how),
        () => {},
      );
    }
    return true;
  };
  const self: Machine = {
    get processes() {
      return processes;
    },
    tempers: new Map(),
    isHeld: () => false,
    deaf: new Set(),
    calm: false,
    starts: 0,
    end,
    living,
    platform: (isAlive) => platformOf({ clock, dice, self, spawn, signal, find }, isAlive),
  };
  return self;
}

interface Works {
  readonly clock: SimClock;
  readonly dice: Dice;
  readonly self: Machine;
  readonly spawn: (spec: StartSpec) => Process;
  readonly signal: (identity: ProcessIdentity, name: string) => boolean;
  readonly find: (identity: ProcessIdentity) => Process | undefined;
}

function platformOf(
  { clock, dice, self, spawn, signal, find }: Works,
  isAlive: () => boolean,
): Platform {
  const never = new Promise<never>(() => {});
  return {
    name: "trial",
    bootId,
    start: async (spec) => {
      if (!isAlive()) return never;
      const process = spawn(spec);
      // Some have ended before anybody can say that they were started.
      if (dice.chance(0.9)) await clock.sleep(dice.between(1, 8));
      else if (self.tempers.get(spec.target) === "instant") {
        self.end(process, { code: 1, signal: null });
      }
      return isAlive() ? process.found.identity : never;
    },
    ended: (identity) => find(identity)?.over.promise ?? never,
    endOf: (identity) => {
      const ended = find(identity)?.end;
      return ended && dice.chance(0.7) ? ended : undefined;
    },
    alive: (identity) => find(identity)?.end === undefined,
    signal: (identity, name) => isAlive() && signal(identity, name),
    signalGroup: (identity, name) => isAlive() && signal(identity, name),
    groupAlive: (identity) => {
      const process = find(identity);
      return process !== undefined && (!process.end || process.child);
    },
    scan: () => self.processes.filter((it) => !it.end).map(({ found }) => found),
    figures: () => undefined,
    pss: () => undefined,
  };
}

function lifeOf(temper: Temper, dice: Dice): number {
  if (temper === "instant") return dice.between(0, 40);
  if (temper === "brief") return dice.between(50, 6_000);
  if (temper === "slow-death") return dice.between(15_000, 90_000);
  if (temper === "finishing") return dice.between(100, 60_000);
  return dice.wait(8 * 3_600_000);
}
