// What the gateway's process tests share: a real gateway, real instances, and clients.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { type GatewayLink, gatewayLink } from "../../src/gateway/link.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Route, RouteStats, Upstream } from "../../src/protocol/gateway.ts";
import { type Answer, type Ask, ask as askOnce } from "../../src/testing/gateway-instances.ts";

export type { Answer, Ask } from "../../src/testing/gateway-instances.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const sleep = (ms: number): Promise<void> => systemClock.sleep(ms);

/** Waits until `check` holds; fails after 5 s. */
export async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = systemClock.now() + 5_000;
  while (!(await check())) {
    if (systemClock.now() > endMs) throw new Error(`did not happen within 5 s: ${what}`);
    await sleep(10);
  }
}

/** A test, or a file of them with the hooks of node:test. */
export interface Lasting {
  after(work: () => void | Promise<void>): void;
}

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it wrote to its standard output, line by line. */
  readonly lines: readonly string[];
  /** Signals it and waits for its end. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts a file of this repository; it is killed when the test ends. */
export function start(t: Lasting, file: string, args: readonly string[]): Running {
  const child = spawn(process.execPath, ["--conditions=source", here(file), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
  const ended = once(child, "exit").then(() => child.exitCode);
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const end = (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return ended;
  };
  if (child.pid === undefined) throw new Error(`${file} could not be started`);
  return { child, pid: child.pid, lines, end };
}

export async function startInstance(
  t: TestContext,
  name: string,
  port = 0,
): Promise<Running & { port: number }> {
  const running = start(t, "./gateway-upstream.ts", [name, String(port)]);
  await until(`${name} listens`, () => running.lines.length > 0);
  return { ...running, port: Number(running.lines[0]?.split(" ")[1]) };
}

/** An instance inside the test's own process. */
export async function serveHere(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createHttpServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export interface Rig {
  readonly gateway: Running;
  readonly socketPath: string;
  readonly link: GatewayLink;
  /** Where clients connect. */
  readonly port: number;
  /** Pushes one route "web" with these instances. */
  push(upstreams: readonly Upstream[], over?: Partial<Route>): Promise<void>;
  counters(): Promise<RouteStats>;
}

export async function startGateway(t: TestContext): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), "homeostat-gateway-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const socketPath = join(folder, "gateway.sock");
  const gateway = start(t, "../../src/gateway/main.ts", ["--socket", socketPath]);
  await until("the gateway starts", () => gateway.lines.length > 0);
  const link = gatewayLink({ socketPath, clock: systemClock, log: silentLog });
  t.after(() => link.close());
  const port = await freePort();
  const web = { service: "web", host: "127.0.0.1", port, holdMs: 5_000, timeoutMs: 10_000 };
  return {
    ...{ gateway, socketPath, link, port },
    async push(upstreams, over = {}) {
      const { problems } = await link.push([{ ...web, upstreams, ...over }]);
      if (problems.length > 0) throw new Error(JSON.stringify(problems));
    },
    async counters() {
      const [route] = (await link.stats()).routes;
      if (!route) throw new Error("no route is counted");
      return route;
    },
  };
}

export const ready = (instance: string, port: number): Upstream => ({
  ...{ instance, port, state: "ready" },
});
export const draining = (instance: string, port: number): Upstream => ({
  ...{ instance, port, state: "draining" },
});

const pool = new Agent({ keepAlive: true });

/** One request; rejects when the connection breaks before the answer is complete. */
export function ask(port: number, path: string, options: Ask = {}): Promise<Answer> {
  return askOnce(port, path, { agent: pool, ...options });
}

/** A gateway before one instance inside the test's own process. */
export async function before(t: TestContext, listener: RequestListener): Promise<Rig> {
  const rig = await startGateway(t);
  await rig.push([ready("web/1", await serveHere(t, listener))]);
  return rig;
}

/** An instance that answers connections as it likes. */
export async function connectHere(
  t: TestContext,
  onConnection: (socket: Socket) => void,
): Promise<number> {
  const server = createServer(onConnection).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

export async function bytes(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A connection that writes raw text and gathers what comes back. */
export function raw(t: TestContext, port: number): { socket: Socket; received: () => string } {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk) => {
    text += chunk;
  });
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  return { socket, received: () => text };
}
