// Asks those who start processes whether they run a unit already, in another process than this one.
import { builtin } from "../../kernel/builtin.ts";
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import { runCommand } from "../parts/command.ts";

export interface RunningUnit {
  /** The supervisor. */
  readonly by: string;
  readonly pid: number;
  /** As the supervisor tells it. */
  readonly since?: string;
  /** The command that ends it. */
  readonly stop: string;
}

/** Undefined when it does not run there, is this very process, or cannot be asked. */
export type AskSupervisor = (unit: string, clock?: Clock) => Promise<RunningUnit | undefined>;

type Run = (file: string, args: readonly string[], clock?: Clock) => Promise<string>;

const limitMs = 3_000;

/** What the program says; "" when it is not there, does not end or knows nothing. */
const said: Run = async (file, args, clock) => {
  try {
    return (await runCommand(file, args, { limitMs, ...(clock && { clock }) })).stdout;
  } catch (error) {
    const isAbsent = error instanceof HomeostatError && error.code === "SPAWN_FAILED";
    if (isAbsent || (error instanceof HomeostatError && error.code === "TIMED_OUT")) return "";
    throw error;
  }
};

/** More than `is-active` tells: which process it is, so that the unit does not refuse itself. */
export function systemd(run: Run = said, self: () => readonly number[] = ourselves): AskSupervisor {
  return async (unit, clock) => {
    const wanted = "--property=ActiveState,MainPID,ActiveEnterTimestamp";
    const text = await run("systemctl", ["show", wanted, "--", unit], clock);
    const { ActiveState, MainPID, ActiveEnterTimestamp } = Object.fromEntries(
      text.split("\n").map((line) => line.split(/=(.*)/).slice(0, 2)),
    );
    const pid = Number(MainPID);
    const isActive = /^(?:active|activating|reloading)$/.test(ActiveState ?? "");
    if (!isActive || !(pid > 0) || self().includes(pid)) return undefined;
    const since = ActiveEnterTimestamp ? { since: ActiveEnterTimestamp } : {};
    return { by: "systemd", pid, stop: `systemctl stop ${unit}`, ...since };
  };
}

export function supervisord(
  run: Run = said,
  self: () => readonly number[] = ourselves,
): AskSupervisor {
  return async (unit, clock) => {
    const text = await run("supervisorctl", ["status", unit], clock);
    const [, state, number] = /^\S+\s+(STARTING|RUNNING)\b(?:\s+pid (\d+))?/m.exec(text) ?? [];
    const pid = Number(number);
    if (state === undefined || !(pid > 0) || self().includes(pid)) return undefined;
    return { by: "supervisord", pid, stop: `supervisorctl stop ${unit}` };
  };
}

/** This process and those that started it: a unit's main process may be a shell or npm. */
function ourselves(): readonly number[] {
  const line = [process.pid, process.ppid];
  while (process.platform === "linux" && line.length < ancestorsMax) {
    const [, parent] = /^PPid:\s*(\d+)/m.exec(statusOf(line.at(-1) ?? 0)) ?? [];
    if (!(Number(parent) > 0)) break;
    line.push(Number(parent));
  }
  return line;
}

const ancestorsMax = 32;

function statusOf(pid: number): string {
  try {
    return builtin("node:fs").readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return ""; // it has ended, and this process has another parent by now
  }
}

export const supervisors: readonly AskSupervisor[] = [systemd(), supervisord()];
