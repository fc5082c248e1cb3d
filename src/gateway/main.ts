// The gateway's own process: `node main.ts --socket PATH [--aside [--beside]]`. It outlives the daemon that started it.
import { parseArgs } from "node:util";
import { builtin } from "../kernel/builtin.ts";
import { systemClock } from "../kernel/clock.ts";
import { variable } from "../kernel/environment.ts";
import { exitCode, messageOf } from "../kernel/errors.ts";
import { createLog, formatJson } from "../kernel/log.ts";
import { systemRandom } from "../kernel/random.ts";
import { asideOf, programOf } from "../protocol/gateway-held.ts";
import { type Control, openControl } from "./control.ts";
import { createListening } from "./front/listening.ts";
import { createGateway, type Gateway } from "./gateway.ts";

/** What requests in flight have when the gateway is told to stop. */
const drainMs = 5_000;
/** The same, when another one has taken its place: nobody waits for its end. */
const leaveMs = 30_000;
/** So long a client that keeps its connection may still use it once then. */
const idleMs = 10_000;

/** By then it has loaded what it is going to need. */
const settledMs = 1_000;

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
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    options: { socket: { type: "string" }, aside: flag, beside: flag },
  });
  if (!values.socket) {
    process.stderr.write("usage: main.ts --socket PATH [--aside [--beside]]\n");
    process.exitCode = 78;
    return;
  }
  // Whoever can write to the control socket decides where traffic goes: the owner only.
  process.umask(0o077);
  const { pid } = process;
  const { aside, beside } = values;
  // Who has started this one puts it in its place, when it does its work.
  const socketPath = aside ? asideOf(values.socket, pid) : values.socket;
  const listening = createListening({ held: heldNames(), beside });
  const gateway = createGateway({ clock: systemClock, random: systemRandom, log, listening });
  const running: { control?: Control } = {};
  const stop = (): void => void end(gateway, running.control);
  process.on("SIGTERM", stop);
  process.on("SIGUSR2", () => void leave(gateway));
  const own = { pid, release: programOf(process.argv[1] ?? ""), held: listening.held };
  running.control = await openControl({ socketPath, gateway, ...own, log, onStop: stop });
  // Node writes at the end of a process, and this one may be killed.
  void systemClock.sleep(settledMs).then(() => builtin("node:module").flushCompileCache?.());
  log.info("gateway started", { pid, socket: socketPath, held: own.held.length });
}

/** Of the descriptors that were passed on, as sd_listen_fds(3) has it. */
function heldNames(): readonly string[] {
  return variable("LISTEN_FDNAMES")?.split(":") ?? [];
}

let [ending, leaving] = [false, false];

async function end(gateway: Gateway, control: Control | undefined): Promise<void> {
  if (ending) return;
  ending = true;
  log.info("gateway stops", { drainMs });
  control?.close();
  await Promise.race([gateway.drain(drainMs), systemClock.sleep(drainMs)]);
  process.exit(0);
}

/** Its control stays: the daemon tells it of instances until it has ended. */
async function leave(gateway: Gateway): Promise<void> {
  if (ending || leaving) return;
  leaving = true;
  log.info("gateway leaves: another one has its place", { leaveMs });
  await gateway.drain(leaveMs, idleMs);
  process.exit(0);
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = exitCode(error);
});
