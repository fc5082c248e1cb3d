// Runs a program without a shell: both outputs apart and bounded, and an end to it and all it started.
import type { ChildProcess, SpawnOptions } from "node:child_process";
import type { Readable } from "node:stream";
import { builtin } from "../../kernel/builtin.ts";
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { anything, checkOptions, count } from "../../policies/options.ts";
import { wait } from "./wait.ts";

export interface RunCommandOptions extends Pick<SpawnOptions, "cwd" | "env" | "uid" | "gid"> {
  /** Milliseconds from its start to its end; default 60,000. Then its process group gets SIGTERM. */
  readonly limitMs?: number;
  /** Milliseconds from SIGTERM to SIGKILL for what is left of the group; default 2,000. */
  readonly killAfterMs?: number;
  /** Bytes that are kept of each output, the last ones; default 65,536. */
  readonly maxOutput?: number;
  /** Given to it to read; without it there is nothing to read. */
  readonly stdin?: string | Uint8Array;
  /** Ends it as the limit does. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** How a program ended and what it said. */
export interface Ran {
  /** Whether it ended with 0. */
  readonly ok: boolean;
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the beginning of an output was too much to keep. */
  readonly truncated: boolean;
  readonly tookMs: number;
}

const longestMs = 2_147_483_647;
/** Milliseconds for what was said before the end and is still on its way. */
const readOnMs = 200;
const lookMs = 20;
const saidMax = 500;

const rules = {
  ...{ cwd: anything, env: anything, uid: anything, gid: anything },
  ...{ stdin: anything, signal: anything, clock: anything },
  limitMs: count(1, longestMs),
  killAfterMs: count(0, longestMs),
  maxOutput: count(0, 1_073_741_824),
};

/**
 * Resolves for any exit code. A process that it leaves running after its own end is let be.
 * @throws SPAWN_FAILED when it cannot be started; TIMED_OUT and CANCELLED (the cause is the signal's
 * reason) when it and its group were ended, with the {@link Ran} as `details`.
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: RunCommandOptions = {},
): Promise<Ran> {
  checkOptions<RunCommandOptions>("runCommand", options, rules);
  const { limitMs = 60_000, killAfterMs = 2_000, clock = systemClock, signal } = options;
  if (signal?.aborted) throw ended(file, "was not started", signal);
  const begunAt = clock.now();
  const child = await start(file, args, options);
  const outputs = [child.stdout, child.stderr].map((from) => lastOf(from, options.maxOutput));
  const closed = new AbortController();
  child.once("close", () => closed.abort());
  const enough = new AbortController();
  const onEnough = (): void => enough.abort();
  child.once("exit", onEnough);
  signal?.addEventListener("abort", onEnough, { once: true });
  if (signal?.aborted) onEnough();
  const late = await wait(clock, limitMs, enough.signal);
  signal?.removeEventListener("abort", onEnough);
  const isOver = hasEnded(child);
  if (!isOver) await endGroup(child, clock, killAfterMs);
  await wait(clock, readOnMs, closed.signal);
  const [stdout, stderr] = outputs.map((output) => output.close());
  const ran: Ran = {
    ok: child.exitCode === 0,
    code: child.exitCode,
    signal: child.signalCode,
    stdout: stdout?.text ?? "",
    stderr: stderr?.text ?? "",
    truncated: stdout?.cut === true || stderr?.cut === true,
    tookMs: clock.now() - begunAt,
  };
  if (isOver) return ran;
  const end = `${howItEnded(ran)}${late ? `, as it took longer than ${limitMs} ms` : ""}`;
  throw ended(file, `${end}${inShort(ran)}`, late ? undefined : signal, ran);
}

/** "ended with code 3: what it said", for people. */
export function endInWords(ran: Ran): string {
  return `${howItEnded(ran)}${inShort(ran)}`;
}

/** Both outputs, stdout first, without the last end of line. */
export function saidBy({ stdout, stderr }: Ran): string {
  const said = [stdout, stderr].map((text) => text.trimEnd()).filter((text) => text !== "");
  return said.join("\n").trim();
}

function howItEnded({ code, signal }: Ran): string {
  if (signal !== null) return `was ended by ${signal}`;
  return code === null ? "could not be ended" : `ended with code ${code}`;
}

function inShort(ran: Ran): string {
  const said = saidBy(ran).slice(-saidMax);
  return said === "" ? "" : `: ${said}`;
}

function ended(file: string, how: string, signal: AbortSignal | undefined, ran?: Ran) {
  const message = `${file} ${how}`;
  if (signal === undefined) return new HomeostatError("TIMED_OUT", message, { details: ran });
  return new HomeostatError("CANCELLED", message, { cause: signal.reason, details: ran });
}

type Started = ChildProcess & { readonly stdout: Readable; readonly stderr: Readable };

async function start(
  file: string,
  args: readonly string[],
  { cwd, env, uid, gid, stdin }: RunCommandOptions,
): Promise<Started> {
  const given = Object.entries({ cwd, env, uid, gid }).filter(([, value]) => value !== undefined);
  try {
    const child = builtin("node:child_process").spawn(file, args, {
      ...Object.fromEntries(given),
      // A process group of its own, so that all it starts can be ended with it.
      detached: hasGroups,
      stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    const fault = new Promise<unknown>((settle) => child.on("error", settle));
    if (child.pid === undefined) throw await fault;
    // It need not read what it is given: whether that was wrong says its exit code.
    child.stdin?.on("error", () => {}).end(stdin);
    return child as Started;
  } catch (error) {
    const text = `${file} could not be started: ${messageOf(error)}`;
    throw new HomeostatError("SPAWN_FAILED", text, { cause: error });
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** SIGTERM, and SIGKILL for what of the group has not followed it in time. */
async function endGroup(child: ChildProcess, clock: Clock, killAfterMs: number): Promise<void> {
  const over = new AbortController();
  child.once("exit", () => over.abort());
  signalGroup(child, "SIGTERM");
  const killAt = clock.now() + killAfterMs;
  const never = new AbortController().signal;
  // The group's end is no event: only its first process is a child of ours.
  while (clock.now() < killAt && signalGroup(child, 0)) await wait(clock, lookMs, never);
  if (signalGroup(child, "SIGKILL") && !hasEnded(child)) await wait(clock, 1_000, over.signal);
}

const hasGroups = process.platform !== "win32";

/** False when nothing is left of it, or it is not ours to signal: then nothing more can be done. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(hasGroups ? -pid : pid, signal);
  } catch {
    return false;
  }
}

interface Output {
  /** Reads no more; what was kept. */
  close(): { readonly text: string; readonly cut: boolean };
}

/** So many pieces are put together at once: a program may say a byte at a time. */
const piecesMax = 1_024;

function lastOf(from: Readable, max = 65_536): Output {
  let pieces: Buffer[] = [];
  let [size, said] = [0, 0];
  from.on("data", (piece: Buffer) => {
    pieces.push(piece);
    size += piece.length;
    said += piece.length;
    for (let first = pieces[0]; first && size - first.length >= max; first = pieces[0]) {
      pieces.shift();
      size -= first.length;
    }
    if (pieces.length > piecesMax) pieces = [Buffer.concat(pieces)];
  });
  return {
    close: () => {
      from.destroy();
      const cut = said > max;
      const whole = Buffer.concat(pieces);
      const kept = cut ? fromWholeCharacter(whole.subarray(whole.length - max)) : whole;
      return { text: kept.toString("utf8"), cut };
    },
  };
}

/** A cut may go through a character: its rest is left out. */
function fromWholeCharacter(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => (byte & 0b1100_0000) !== 0b1000_0000);
  return first < 0 ? bytes : bytes.subarray(first);
}
