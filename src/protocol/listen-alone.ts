// Opens a Unix socket that only its owner can reach and only one process answers on.
import type { Server } from "node:net";
import { builtin } from "../kernel/builtin.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";

/** Linux keeps the path of a socket in 108 bytes, the last of which is its end: unix(7). */
const pathBytesMax = 107;

/** Why there can be no socket at `path`, whatever is there; undefined when there can be one. */
export function socketPathProblem(path: string): string | undefined {
  const bytes = Buffer.byteLength(path);
  if (bytes <= pathBytesMax) return undefined;
  const limit = `it is ${bytes} bytes long, and Linux takes at most ${pathBytesMax}`;
  return `the path of the socket ${path} is too long: ${limit}; use a folder with a shorter path`;
}

/**
 * A socket file that nobody answers on was left by a process that was killed: it is removed.
 * @throws DAEMON_RUNNING when another process answers on it; an error with the system's reason else.
 */
export async function listenAlone(server: Server, path: string): Promise<void> {
  const problem = socketPathProblem(path);
  if (problem !== undefined) throw new Error(problem);
  const { lstat, unlink } = builtin("node:fs/promises");
  const code = await listen(server, path);
  if (code === undefined) return;
  if (code !== "EADDRINUSE" || !(await lstat(path)).isSocket()) {
    throw new Error(`the socket ${path} cannot be opened: ${code}`);
  }
  if (await answersOn(path)) {
    throw new HomeostatError("DAEMON_RUNNING", `another process already answers on ${path}`);
  }
  await unlink(path);
  const again = await listen(server, path);
  if (again !== undefined) throw new Error(`the socket ${path} cannot be opened: ${again}`);
}

/** @returns undefined, or the system's error code. */
function listen(server: Server, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.removeAllListeners("listening");
      resolve(error.code ?? messageOf(error));
    };
    server.once("error", onError);
    // The file is made in this very call: nobody else can have opened it before it is closed to them.
    const before = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off("error", onError);
        resolve(undefined);
      });
    } finally {
      process.umask(before);
    }
  });
}

/** Whether a process accepts on the socket now. */
export function answersOn(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = builtin("node:net").connect(path);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
