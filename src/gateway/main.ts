// The gateway's own process: `node main.ts --socket PATH`. It outlives the daemon that started it.
import { parseArgs } from "node:util";
import { systemClock } from "../kernel/clock.ts";
import { exitCode, messageOf } from "../kernel/errors.ts";
import { createLog, formatJson } from "../kernel/log.ts";
import { systemRandom } from "../kernel/random.ts";
import { type Control, openControl } from "./control.ts";
import { createGateway, type Gateway } from "./gateway.ts";

/** What requests in flight have when the gateway is told to stop. */
const drainMs = 5_000;

const log = createLog({
  level: "info",
  wall: systemClock.wall,
  write: (entry) => process.stdout.write(formatJson(entry)),
});

// The daemon may have held the other end of these pipes; its death must not be ours.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});
process.on("SIGHUP", () => {});
process.on("SIGINT", () => {});

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { socket: { type: "string" } } });
  if (!values.socket) {
    process.stderr.write("usage: main.ts --socket PATH\n");
    process.exitCode = 78;
    return;
  }
  // Whoever can write to the control socket decides where traffic goes: the owner only.
  process.umask(0o077);
  const gateway = createGateway({ clock: systemClock, random: systemRandom, log });
  const running: { control?: Control } = {};
  const stop = (): void => void end(gateway, running.control);
  const options = { socketPath: values.socket, gateway, pid: process.pid, log, onStop: stop };
  running.control = await openControl(options);
  process.on("SIGTERM", stop);
  log.info("gateway started", { pid: process.pid, socket: values.socket });
}

let ending = false;

async function end(gateway: Gateway, control: Control | undefined): Promise<void> {
  if (ending) return;
  ending = true;
  log.info("gateway stops", { drainMs });
  control?.close();
  await gateway.drain(drainMs);
  process.exit(0);
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = exitCode(error);
});
