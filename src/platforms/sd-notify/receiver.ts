// Starts the process that hears sd_notify: Perl, which Debian always has, or else Python.
import type { Clock } from "../../kernel/clock.ts";
import { randomId } from "../../kernel/ids.ts";
import type { Random } from "../../kernel/random.ts";
import { notifyTarget } from "../../model/target.ts";
import { signalProcess } from "../linux-group.ts";
import { spawnMarked } from "../linux-spawn.ts";
import { readPowers } from "../powers.ts";
import { receiverInPerl } from "./receiver-perl.ts";
import { receiverInPython } from "./receiver-python.ts";
import type { Talk } from "./talk.ts";

/** What runs the receiver, and where Debian has it. */
export const receiverPrograms: readonly { readonly program: string; readonly from: string }[] = [
  { program: "perl", from: "perl-base" },
  { program: "python3", from: "python3" },
];

const commands: readonly (readonly string[])[] = [
  ["perl", "-e", receiverInPerl, "--"],
  ["python3", "-I", "-c", receiverInPython],
];

const names = receiverPrograms.map(({ program }) => program);
const answerMs = 5_000;
const againMs = 5;

/** @throws an error that says why there is none. */
export async function startReceiver(
  options: {
    readonly clock: Clock;
    readonly random: Random;
    readonly project: string;
    readonly socketPath: string;
    readonly cwd: string;
    readonly path: string;
    readonly logFile: string;
    readonly signal: AbortSignal;
  },
  attempt: number,
  join: () => Promise<Talk | undefined>,
): Promise<Talk | undefined> {
  const { clock, random, project, socketPath, cwd, path, logFile, signal } = options;
  const { hasProgram } = readPowers(path);
  const there = commands.filter(([program = ""]) => hasProgram(program));
  const command = there[attempt % there.length];
  if (!command) throw new Error(`there is neither ${names.join(" nor ")} on the PATH`);
  const { identity, child } = await spawnMarked({
    target: notifyTarget,
    project,
    run: randomId(random),
    command: [...command, "--socket", socketPath],
    cwd,
    // What is said to Perl or Python by the environment is meant for services.
    env: { PATH: path, LC_ALL: "C" },
    logFile,
  });
  const life = { over: false };
  child.once("exit", () => {
    life.over = true;
  });
  const untilMs = clock.now() + answerMs;
  while (!signal.aborted) {
    await clock.sleep(againMs);
    const { over } = life;
    const talk = await join();
    if (talk) return talk;
    if (over) throw new Error(`${command[0]} ended before it heard, see ${logFile}`);
    if (clock.now() <= untilMs) continue;
    signalProcess(identity, "SIGKILL");
    throw new Error(`${command[0]} did not answer within ${answerMs} ms`);
  }
  return undefined;
}
