// `homeostat up` as the first process of a container: it leaves that place to a shell that can reap.
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { initArguments } from "../wiring/first-place.ts";

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

/**
 * Whether this is a container that runs Homeostat: then somebody outside waits only so long before
 * SIGKILL. Docker and Podman leave these files, also where a machine was made from an image: so its
 * process 1 has to be Homeostat, or an init that was told to start it.
 */
export function inContainer(): boolean {
  const isMade = existsSync("/.dockerenv") || existsSync("/run/.containerenv");
  return isMade && firstWords().includes("homeostat");
}

function firstWords(): string {
  try {
    return readFileSync("/proc/1/cmdline", "utf8");
  } catch {
    // Hidden from this user: then it is not known.
    return "";
  }
}
