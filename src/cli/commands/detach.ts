// `homeostat up -d`: starts the daemon behind this command, and stays until its services run.
import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { InstanceView, ServiceView, StateView } from "../../protocol/api.ts";
import {
  type Client,
  connect,
  type GlobalOptions,
  readNote,
  type Where,
  whereIs,
} from "../context.ts";
import { paint, say, sayJson } from "../print.ts";
import { watching } from "../watching.ts";

/** From its start to its first answer, on a busy machine. */
const answerMs = 60_000;
/** What takes longer to become ready goes on doing so behind this command. */
const readyMs = 60_000;
const pollMs = 50;
const logBytesMax = 10_000_000;
const lastBytes = 8_192;

/** @throws SPAWN_FAILED for a daemon that does not answer; ends as it did when it has ended. */
export async function upDetached(options: GlobalOptions): Promise<void> {
  if (process.pid === 1) {
    const expected = "expected no -d in a container: it ends with its process 1";
    throw new HomeostatError("USAGE", `up: ${expected}`);
  }
  const where = whereIs(options);
  const logFile = join(where.state, "daemon.log");
  const { pid, fromByte } = start(where, logFile);
  await answering(where, pid, logFile, fromByte);
  const client = connect(where);
  const quiet = options.json === true;
  await watching({ client, isMeant: () => true, isDone, quiet }, ready(client));
  const view = await client.get<StateView>("/api/state");
  const url = readNote(where.state)?.url ?? "";
  if (options.json) return sayJson({ pid, url, log: logFile, verdict: view.verdict.text });
  const late = view.services.filter((service) => !isUp(service)).map(({ name }) => name);
  const count = view.services.length === 1 ? "1 service" : `${view.services.length} services`;
  say(`${paint("bold", "Homeostat")} looks after ${count} as process ${pid}.`);
  if (late.length > 0) say(paint("warn", `Not ready yet: ${late.join(", ")} (homeostat ps)`));
  say(`Dashboard: ${paint("accent", url)} · its own log: ${logFile}`);
  say(`homeostat status, homeostat logs -f, ${paint("bold", "homeostat down")} ends everything.`);
}

/** Its own session: neither Ctrl-C nor the end of this terminal reaches it. */
function start(
  { state }: Where,
  logFile: string,
): { readonly pid: number; readonly fromByte: number } {
  mkdirSync(state, { recursive: true, mode: 0o700 });
  if (existsSync(logFile) && statSync(logFile).size > logBytesMax) {
    renameSync(logFile, `${logFile}.1`);
  }
  const log = openSync(logFile, "a", 0o640);
  const fromByte = statSync(logFile).size;
  const [, entry = "", ...words] = process.argv;
  const own = words.filter((word) => word !== "-d" && word !== "--detach" && word !== "--json");
  const child = spawn(process.execPath, [...process.execArgv, entry, ...own], {
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.unref();
  const { pid } = child;
  if (pid === undefined)
    throw new HomeostatError("SPAWN_FAILED", "the daemon could not be started");
  child.once("exit", (code) => ends.set(pid, code ?? 1));
  return { pid, fromByte };
}

const ends = new Map<number, number>();

async function answering(where: Where, pid: number, logFile: string, from: number): Promise<void> {
  const untilMs = systemClock.now() + answerMs;
  while (readNote(where.state)?.pid !== pid) {
    const code = ends.get(pid);
    const late = systemClock.now() > untilMs;
    if (code !== undefined || late) {
      // What it said is the message: it is an error as every other command tells it.
      process.stderr.write(since(logFile, from));
      if (late) throw new HomeostatError("SPAWN_FAILED", `it did not answer; see ${logFile}`);
      process.exit(code);
    }
    await systemClock.sleep(pollMs);
  }
}

function since(file: string, fromByte: number): string {
  const bytes = readFileSync(file).subarray(fromByte);
  return bytes.subarray(Math.max(0, bytes.length - lastBytes)).toString("utf8");
}

async function ready(client: Client): Promise<void> {
  const untilMs = systemClock.now() + readyMs;
  for (;;) {
    const { services } = await client.get<StateView>("/api/state");
    if (services.every(isSettled) || systemClock.now() > untilMs) return;
    await systemClock.sleep(pollMs * 2);
  }
}

function isUp({ health, job }: ServiceView): boolean {
  return job !== undefined || health === "healthy" || health === "stopped";
}

/** One that is sick is told, not waited for. */
function isSettled(service: ServiceView): boolean {
  return isUp(service) || service.instances.some(({ health }) => health === "sick");
}

function isDone(word: string, { health }: InstanceView): boolean {
  return health === "healthy" || word === "completed" || word === "idle" || word === "stopped";
}
