// Listening sockets that outlive the processes which accept on them: clients wait, and are not refused.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { builtin } from "../kernel/builtin.ts";
import { HomeostatError, messageOf } from "../kernel/errors.ts";
import { addressOf, type ListenSocket } from "../model/listen-socket.ts";
import { isOurs, serviceOf } from "../model/target.ts";
import { scanMarked } from "./linux-scan.ts";
import type { StartSpec } from "./platform.ts";

export interface HeldSockets {
  /**
   * The sockets of `spec`, each bound if it was not; they listen, unless the process does that itself.
   * @throws SPAWN_FAILED with the system's reason, if all are needed.
   */
  open(spec: Wanted): Promise<readonly Opened[]>;
  /** Closes all with other addresses; processes that have them keep them. */
  keepOnly(addresses: readonly string[]): void;
}

export type Wanted = Pick<StartSpec, "project" | "target" | "sockets" | "overlaps">;

export interface Opened {
  readonly socket: ListenSocket;
  readonly fd: number;
}

interface Bound {
  fd(): number;
  close(): void;
}

/** More than any app asks for; the kernel takes net.core.somaxconn if that is less. */
const backlog = 4_096;
const listenMs = 5_000;

export function holdSockets(): HeldSockets {
  const held = new Map<string, Promise<Bound>>();
  const openOne = (spec: Wanted, socket: ListenSocket) => {
    const address = addressOf(socket);
    const known = held.get(address);
    if (known) return known;
    const fresh = open(spec, socket);
    held.set(address, fresh);
    // The next start tries again.
    fresh.catch(() => held.delete(address));
    return fresh;
  };
  return {
    open: async (spec) => {
      const all = (spec.sockets ?? []).map(async (socket): Promise<Opened[]> => {
        const bound = openOne(spec, socket);
        if (spec.overlaps && !(await bound.catch(() => undefined))) return [];
        return [{ socket, fd: (await bound).fd() }];
      });
      return (await Promise.all(all)).flat();
    },
    keepOnly: (addresses) => {
      for (const [address, bound] of held) {
        if (addresses.includes(address)) continue;
        held.delete(address);
        bound.then(
          (one) => one.close(),
          () => {},
        );
      }
    },
  };
}

async function open({ project, target, overlaps }: Wanted, socket: ListenSocket): Promise<Bound> {
  const isOwn = (): boolean => isHeldByOurs(project, serviceOf(target));
  let bound: Bound | undefined;
  try {
    bound = "path" in socket ? await bindPath(socket.path, isOwn) : bindPort(socket, isOwn);
    if (!overlaps) await listen(bound);
    return bound;
  } catch (error) {
    bound?.close();
    const text = `${target}: the socket ${addressOf(socket)} cannot be held: ${messageOf(error)}`;
    throw new HomeostatError("SPAWN_FAILED", text, { cause: error });
  }
}

/**
 * When who held it was killed, an instance of the service still has it: SO_REUSEPORT lets the next
 * one bind beside it. Without such an instance the port must be free, or two strangers would share it.
 */
function bindPort({ host, port }: { host: string; port: number }, isOwn: () => boolean): Bound {
  const { BoundSocket } = builtin("node:net");
  try {
    new BoundSocket({ host, port }).close();
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE" || !isOwn()) throw error;
  }
  return new BoundSocket({ host, port, reusePort: true });
}

/** The file of one that nobody answers on, or only an instance of the service itself, is replaced. */
async function bindPath(path: string, isOwn: () => boolean): Promise<Bound> {
  const { BoundSocket } = builtin("node:net");
  mkdirSync(dirname(path), { recursive: true });
  // One that does not know paths would bind any free port instead.
  if (!("isPipe" in BoundSocket.prototype)) throw new Error("this Node cannot hold a path");
  const options: object = { path };
  const bind = (): Bound => {
    const bound = new BoundSocket(options);
    chmodSync(path, 0o660);
    return bound;
  };
  try {
    return bind();
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE") throw error;
    if ((await answers(path)) && !isOwn()) throw error;
    rmSync(path);
    return bind();
  }
}

/**
 * A server of Node that listens accepts as well. So another process listens on the descriptor, and
 * ends before its event loop has had a turn: the socket goes on listening, and nothing was accepted.
 */
async function listen(bound: Bound): Promise<void> {
  const child = spawn(process.execPath, ["-e", listener], {
    stdio: ["ignore", "ignore", "ignore", bound.fd()],
    env: {},
    timeout: listenMs,
    killSignal: "SIGKILL",
  });
  const [code, signal] = await once(child, "exit");
  if (code !== 0) throw new Error(`listen(2) failed (${signal ?? code})`);
}

const listener = `const server = require("net").createServer();
server.listen({ fd: 3 }, ${backlog});
process.exit(server.listening ? 0 : 1);`;

function isHeldByOurs(project: string, service: string): boolean {
  return scanMarked(project).some(
    ({ target }) => serviceOf(target) === service || (isOurs(target) && target !== "@gateway"),
  );
}

function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = builtin("node:net").connect(path);
  socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
