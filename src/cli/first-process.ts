// `homeostat up` as the first process of a container: it leaves that place to a shell that can reap.
import { accessSync, constants, existsSync } from "node:fs";
import { initArguments } from "../platforms/init/init.ts";

const shell = "/bin/sh";

/**
 * Does nothing unless this is process 1. Then its place is taken by a shell, and this command runs
 * once more as its child: whatever loses its parent in here is reaped, signals are handed on, and
 * the exit code is that of the command. Without `execve` (Node before 22.15) or a shell it goes on
 * as process 1 and says what that means.
 */
export function leaveFirstPlace(): void {
  if (process.pid !== 1) return;
  const why = whyNot();
  if (why !== undefined) {
    const rest = "processes whose parents died stay as zombies; start the container with an init";
    process.stderr.write(`homeostat is process 1 and ${why}: ${rest} (docker run --init)\n`);
    return;
  }
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve?.(shell, initArguments(command), { ...process.env });
}

/** A failed `execve` would end this process without a word. */
function whyNot(): string | undefined {
  if (typeof process.execve !== "function") return `Node ${process.version} cannot hand that over`;
  try {
    accessSync(shell, constants.X_OK);
    return undefined;
  } catch {
    return `there is no ${shell} to hand that over to`;
  }
}

/** Whether somebody outside waits only so long before SIGKILL: Docker and Podman leave these files. */
export function inContainer(): boolean {
  return existsSync("/.dockerenv") || existsSync("/run/.containerenv");
}
