// The daemon that comes after one that a drill kills: it is ready to start before the kill, and does so alone.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readlinkSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { HomeostatError } from "../../kernel/errors.ts";
import { environmentOf } from "../../wiring/daemon-environment.ts";
import { noteFile, readNote, type Where, wordsOfUp } from "../context.ts";
import { inherited } from "../launch.ts";
import { mainEntry } from "../places.ts";

export interface Successor {
  /** The kill is done: it starts the next daemon when that one is dead and nobody else started one. */
  go(): void;
}

/**
 * Reads one line, or the end of its input when the drill has died, whichever comes first; then waits
 * for the end of the daemon, gives others that start one half a second, and becomes `homeostat up`. A
 * daemon that still lives after that was not killed: then there is nothing to do.
 */
const script = `old=$1; note=$2; shift 2
read -r _
lives() { kill -0 "$1" 2>/dev/null && ! grep -q "^State:[[:space:]]*Z" "/proc/$1/status" 2>/dev/null; }
i=0; while lives "$old"; do i=$((i+1)); [ $i -gt 50 ] && exit 0; sleep 0.1; done
i=0; while [ $i -lt 5 ]; do
  new=$(sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p' "$note" 2>/dev/null)
  [ -n "$new" ] && [ "$new" != "$old" ] && lives "$new" && exit 0
  i=$((i+1)); sleep 0.1
done
exec "$@"`;

/** @throws NOT_NOW when the daemon did not say how it was started. */
export function prepareNext(where: Where): Successor {
  const note = readNote(where.state);
  if (!note?.options) {
    const message =
      "the daemon does not say how it was started: start it with this version, or use --no-up";
    throw new HomeostatError("NOT_NOW", message);
  }
  const { pid, options } = note;
  const next = [process.execPath, ...inherited(), mainEntry, ...wordsOfUp(where, options)];
  const [out, err] = [outputOf(pid, 1, where), outputOf(pid, 2, where)];
  const args = ["-c", script, "homeostat-next", String(pid), noteFile(where.state), ...next];
  const child = spawn("/bin/sh", args, {
    ...{ cwd: where.folder, env: environmentOf(pid), detached: true },
    stdio: ["pipe", out, err],
  });
  closeSync(out);
  closeSync(err);
  child.on("error", () => {});
  child.unref();
  return { go: () => send(child) };
}

function send({ stdin }: ChildProcess): void {
  stdin?.on("error", () => {});
  stdin?.end("go\n");
}

/** Where the daemon writes now, when that is a file; a terminal or a pipe is not handed on. */
function outputOf(pid: number, fd: 1 | 2, { state }: Where): number {
  const own = join(state, "logs", "daemon.log");
  try {
    const path = readlinkSync(`/proc/${pid}/fd/${fd}`);
    if (statSync(path).isFile()) return openSync(path, "a");
  } catch {
    // Gone, or another user's: the log of our own takes it.
  }
  mkdirSync(dirname(own), { recursive: true });
  return openSync(own, "a", 0o600);
}
