// A real HAProxy as a gateway: routes become its config or commands, its counters those of a gateway.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { GatewayStats, Route } from "../../protocol/gateway.ts";
import type { Applied } from "../link.ts";
import { adjust } from "./adjust.ts";
import { configText, type Places } from "./config-text.ts";
import { counters, createCounting } from "./counting.ts";
import { bucketMap, holdScript } from "./files.ts";
import { frontOf, mustBeAble, serverOf } from "./names.ts";
import { whyClosed } from "./ports.ts";
import { haproxyRuntime, type Runtime, toWorker } from "./runtime.ts";
import { markOf, rowsOf, type Workers, workersOf } from "./tables.ts";

export interface Haproxy {
  /** The command line that runs it; to be run in `folder`. */
  readonly command: readonly string[];
  /** Writes what it reads at its start: the routes of the last push, or these as they are. */
  prepare(trusted?: readonly Route[]): Promise<void>;
  /** Puts these routes in force. @throws GATEWAY_UNABLE, GATEWAY_ABSENT, TIMED_OUT */
  push(routes: readonly Route[]): Promise<Applied>;
  stats(): Promise<GatewayStats>;
  /** Of its master, which leads its workers. @throws GATEWAY_ABSENT */
  pid(): Promise<number>;
  /** Requests that an instance works on now, in all workers. */
  inflight(instance: string): Promise<number>;
  /** A new worker takes over, and the old one finishes what it has. @throws NOT_NOW */
  renew(): Promise<void>;
}

export interface HaproxyOptions {
  /** The state folder: HAProxy runs there, and paths are short from there. */
  readonly folder: string;
  /** Path of the program. */
  readonly binary: string;
  readonly clock: Clock;
  readonly log: Log;
}

const place = "haproxy";
const configFile = `${place}/haproxy.cfg`;
const socket = "haproxy.sock";
const places: Places = {
  lua: `${place}/hold.lua`,
  buckets: `${place}/buckets.map`,
  hold: (service) => `${place}/${service}.sock`,
};
const reloadMs = 8_000;
const pollMs = 10;

export function createHaproxy({ folder, binary, clock, log }: HaproxyOptions): Haproxy {
  const runtime = haproxyRuntime(join(folder, socket), clock);
  const counting = createCounting();
  const self: Running = { runtime, clock, log };
  let last: readonly Route[] = [];
  let written = "";
  let version = 0;
  const write = (routes: readonly Route[]): string => {
    const { text, mark } = configText(routes, places);
    if (text !== written) replaceFile(join(folder, configFile), text);
    written = text;
    return mark;
  };
  const count = async (): Promise<GatewayStats> => counting.stats(await counted(runtime), version);
  return {
    command: [binary, "-W", "-S", `unix@${socket},mode,600`, "-f", configFile],
    prepare: async (trusted) => {
      mkdirSync(join(folder, place), { recursive: true, mode: 0o700 });
      replaceFile(join(folder, places.lua), holdScript);
      replaceFile(join(folder, places.buckets), bucketMap());
      written = "";
      write(trusted ?? (await partedBy(last, new Set())).open);
    },
    push: async (routes) => {
      mustBeAble(routes);
      const { open, problems } = await partedBy(routes, await frontsOf(runtime));
      last = routes;
      const mark = write(open);
      const workers = workersOf(await runtime.ask("show proc"));
      const info = await toWorker(runtime, workers.current, "show info");
      if (markOf(info) !== mark) {
        // The worker of now may end before it is asked again.
        await count();
        await reload(self, mark, workers);
      }
      await adjust(self, open);
      return { kind: "applied", version: ++version, problems };
    },
    stats: count,
    pid: async () => workersOf(await runtime.ask("show proc")).master,
    inflight: async (instance) => {
      const wanted = [serverOf(instance), serverOf(instance, true)];
      const texts = [...(await counted(runtime, ["show stat"])).values()];
      return texts
        .flatMap((text) => rowsOf(text))
        .filter(({ svname = "" }) => wanted.includes(svname))
        .reduce((sum, { scur }) => sum + Number(scur), 0);
    },
    renew: async () => {
      const workers = workersOf(await runtime.ask("show proc"));
      const { open } = await partedBy(last, await frontsOf(runtime));
      await count();
      await reload(self, write(open), workers);
      await adjust(self, open);
    },
  };
}

interface Running {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Log;
}

/** Readers see the old text or the new one. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Addresses that HAProxy has open already are its own; all others must be free. */
async function partedBy(
  routes: readonly Route[],
  own: ReadonlySet<string>,
): Promise<{ open: readonly Route[]; problems: Applied["problems"] }> {
  const tried = await Promise.all(
    routes.map(async (route) => {
      const why = own.has(frontOf(route)) ? undefined : await whyClosed(route);
      return { route, why };
    }),
  );
  const open = tried.filter(({ why }) => why === undefined).map(({ route }) => route);
  const problems = tried.flatMap(({ route: { service, host, port }, why }) =>
    why === undefined ? [] : [{ service, text: `${host}:${port}: ${why}` }],
  );
  return { open, problems };
}

async function frontsOf(runtime: Runtime): Promise<ReadonlySet<string>> {
  const { current } = workersOf(await runtime.ask("show proc"));
  const rows = rowsOf(await toWorker(runtime, current, "show stat"));
  return new Set(
    rows.filter(({ svname }) => svname === "FRONTEND").map(({ pxname = "" }) => pxname),
  );
}

/** The next worker has the sockets of this one; this one finishes what it has, and ends. */
async function reload(
  { runtime, clock, log }: Running,
  mark: string,
  before: Workers,
): Promise<void> {
  const untilMs = clock.now() + reloadMs;
  await runtime.ask("reload").catch(ignoreLost);
  for (;;) {
    const now = await runtime.ask("show proc").then(workersOf).catch(ignoreLost);
    if (now && now.failedReloads > before.failedReloads) {
      throw new HomeostatError("NOT_NOW", "HAProxy refused its config; its log says why");
    }
    if (now && now.current !== before.current) {
      const info = await toWorker(runtime, now.current, "show info").catch(ignoreLost);
      if (info !== undefined && markOf(info) === mark) break;
    }
    if (clock.now() > untilMs) {
      throw new HomeostatError(
        "TIMED_OUT",
        `HAProxy did not read its config within ${reloadMs} ms`,
      );
    }
    await clock.sleep(pollMs);
  }
  log.info("HAProxy has read its config again");
}

/** Its master is another program for a moment, which nobody can be connected to. */
function ignoreLost(error: unknown): undefined {
  if (error instanceof HomeostatError && error.code !== "INVARIANT") return undefined;
  throw error;
}

/** One that ends while it is asked has been counted before. */
async function counted(
  runtime: Runtime,
  commands: readonly string[] = counters,
): Promise<ReadonlyMap<number, string>> {
  const { current, old } = workersOf(await runtime.ask("show proc"));
  const answers = new Map([[current, await toWorker(runtime, current, ...commands)]]);
  for (const pid of old) {
    const text = await toWorker(runtime, pid, ...commands).catch(ignoreLost);
    if (text?.includes("# pxname,")) answers.set(pid, text);
  }
  return answers;
}
