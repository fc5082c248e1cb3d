// Starts the process that hears sd_notify: Perl, which Debian always has, or else Python.
import type { Clock } from "../../kernel/clock.ts";
import type { Random } from "../../kernel/random.ts";
import { notifyTarget } from "../../model/target.ts";
import { startOurs } from "../ours.ts";
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
  const spec = {
    target: notifyTarget,
    project,
    command: [...command, "--socket", socketPath],
    cwd,
    // What is said to Perl or Python by the environment is meant for services.
    env: { PATH: path, LC_ALL: "C" },
    logFile,
  };
  return startOurs(spec, { clock, random, signal, answerMs }, join);
}
