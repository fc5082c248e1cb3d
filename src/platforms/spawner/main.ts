// The spawner's own process, `node main.ts --socket PATH`: parent of the services, and nothing else.
import { writeSync } from "node:fs";
import { exitCode, messageOf } from "../../kernel/errors.ts";
import { createLog, formatJson } from "../../kernel/log.ts";
import { holdSockets } from "../linux-sockets.ts";
import { type Started, spawnMarked } from "../linux-spawn.ts";
import type { StartSpec } from "../platform.ts";
import { readBootId, readStat } from "../procfs.ts";
import { serve } from "./serve.ts";

const dayMs = 86_400_000;

const log = createLog({
  level: "info",
  wall: () => Date.now(),
  write: (entry) => {
    try {
      // Not process.stdout: its streams cost a megabyte.
      writeSync(1, formatJson(entry));
    } catch {
      // A full disk, a closed pipe: neither may end the parent of the services.
    }
  },
});

process.on("SIGHUP", () => {});
process.on("SIGINT", () => {});

async function main(): Promise<void> {
  const [, , option, socketPath] = process.argv;
  if (option !== "--socket" || !socketPath) {
    process.stderr.write("usage: main.ts --socket PATH\n");
    process.exitCode = 78;
    return;
  }
  const { pid } = process;
  const startTicks = readStat(pid)?.startTicks;
  if (startTicks === undefined) throw new Error(`/proc/${pid}/stat cannot be read`);
  // The socket's file is left: by now it may be that of a successor.
  const sockets = holdSockets();
  const onOver = (why: string): void => {
    sockets.keepOnly([]);
    log.info("spawner ends", { why });
    setImmediate(() => process.exit(0));
  };
  process.on("SIGTERM", () => onOver("SIGTERM"));
  const identity = { pid, startTicks, bootId: readBootId() };
  const now = (): number => performance.now();
  const spawn = (spec: StartSpec): Promise<Started> => spawnMarked(spec, sockets);
  const keepSockets = sockets.keepOnly;
  await serve({ socketPath, identity, spawn, keepSockets, now, log, onOver });
  // Neither children nor, once it is retired, a socket keep it alive.
  setInterval(() => {}, dayMs);
  log.info("spawner started", { pid, socket: socketPath });
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(exitCode(error));
});
