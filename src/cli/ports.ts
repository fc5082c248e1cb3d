// Which ports of a config cannot be had, because others hold them or this user may not.
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { systemClock } from "../kernel/clock.ts";
import { silentLog } from "../kernel/log.ts";
import { socketsAreHeld } from "../wiring/ours.ts";
import type { Finding } from "../wiring/problem.ts";
import { number, type Raw, record } from "../wiring/raw.ts";
import { defaults } from "../wiring/resolve.ts";
import { type At, quote } from "../wiring/words.ts";
import { readNote, type Where } from "./context.ts";

interface Wanted {
  readonly at: At;
  readonly host: string;
  readonly port: number;
}

const loopback = "127.0.0.1";

/** Those of this project's own gateway and daemon are no problem. */
export async function portsInUse(config: unknown, where: Where): Promise<readonly Finding[]> {
  const { services, dashboard } = record(config);
  const answers = (await gatewayAnswers(where)) || (await haproxyAnswers(where));
  const taken = answers ? [] : await problems(portsOf(record(services)));
  // All processes are looked at only when there is a reason to.
  const found = taken.length > 0 && socketsAreHeld(where.state) ? [] : taken;
  const own = record(dashboard).port;
  const port = own === undefined ? defaults.dashboardPort : usable(own);
  const { host = loopback } = record(dashboard);
  if (port === undefined || typeof host !== "string" || isOwn(where, port)) return found;
  return [...found, ...(await problem({ at: ["dashboard", "port"], host, port }))];
}

function portsOf(services: Raw): readonly Wanted[] {
  return Object.entries(services).flatMap(([name, service]) => {
    const { port: asked, host = loopback } = record(service);
    const port = usable(asked);
    if (port === undefined || typeof host !== "string") return [];
    return [{ at: ["services", name, "port"], host, port }];
  });
}

async function problems(wanted: readonly Wanted[]): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const want of wanted) found.push(...(await problem(want)));
  return found;
}

/** The port that the daemon of this folder has. */
function isOwn(where: Where, port: number): boolean {
  const note = readNote(where.state);
  return isAlive(note?.pid) && Number(new URL(note?.url ?? "http://x").port) === port;
}

function usable(value: unknown): number | undefined {
  const port = number(value);
  return port !== undefined && Number.isInteger(port) && port > 0 && port < 65_536
    ? port
    : undefined;
}

async function problem({ at, host, port }: Wanted): Promise<readonly Finding[]> {
  const code = await whyNot(host, port);
  switch (code) {
    case undefined:
      return [];
    case "EADDRINUSE":
      return [{ at, expected: "a free port", got: `${port}, in use by another program` }];
    case "EACCES":
      return [{ at, expected: "a port that this user may open, from 1024 on", got: `${port}` }];
    default: {
      const expected = "an address of this machine";
      return [{ at: [...at.slice(0, -1), "host"], expected, got: `${quote(host)} (${code})` }];
    }
  }
}

/** Looking a name up may take long; then nobody could connect to it either. */
const listenMs = 3_000;

/** Undefined when the port can be listened on; else the system's code. */
async function whyNot(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  const answer = new Promise<string | undefined>((resolve) => {
    server.once("error", ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message));
    server.listen({ host, port, exclusive: true }, () => resolve(undefined));
  });
  const timer = new AbortController();
  const late = systemClock.sleep(listenMs, timer.signal).then(
    () => "no answer",
    () => undefined,
  );
  const code = await Promise.race([answer, late]);
  timer.abort();
  await new Promise((resolve) => server.close(resolve));
  return code;
}

export function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    // No such process: the note was left by a daemon that died.
    return false;
  }
}

async function gatewayAnswers(where: Where): Promise<boolean> {
  const socketPath = join(where.state, "gateway.sock");
  if (!existsSync(socketPath)) return false;
  const { gatewayLink } = await import("../gateway/link.ts");
  const link = gatewayLink({ socketPath, clock: systemClock, log: silentLog });
  const answers = await link.stats().then(
    () => true,
    () => false,
  );
  link.close();
  return answers;
}

async function haproxyAnswers({ state: folder }: Where): Promise<boolean> {
  if (!existsSync(join(folder, "haproxy.sock"))) return false;
  const { createHaproxy } = await import("../gateway/haproxy/haproxy.ts");
  const options = { folder, binary: "", clock: systemClock, log: silentLog };
  return createHaproxy(options)
    .pid()
    .then(
      () => true,
      () => false,
    );
}
