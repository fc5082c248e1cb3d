// What the tests of Toxiproxy share: a gateway that has it, an upstream, and raw connections.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type GatewayLink, gatewayLink } from "../../src/gateway/link.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { ToxiproxyConfig } from "../../src/protocol/gateway.ts";
import { freePort, type Lasting, type Running, start, until } from "./gateway-rig.ts";

export interface ToxicRig {
  readonly gateway: Running;
  readonly socketPath: string;
  readonly link: GatewayLink;
  readonly config: ToxiproxyConfig;
  /** Of the API. */
  readonly port: number;
  readonly url: string;
}

export async function startToxiproxy(
  t: Lasting,
  proxies: ToxiproxyConfig["proxies"] = [],
): Promise<ToxicRig> {
  const folder = await mkdtemp(join(tmpdir(), "homeostat-toxiproxy-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const socketPath = join(folder, "gateway.sock");
  const port = await freePort();
  const config = { host: "127.0.0.1", port, proxies };
  const gateway = await startMain(t, socketPath);
  const link = linkTo(t, socketPath, config);
  const { problems } = await link.push([]);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return { gateway, socketPath, link, config, port, url: `http://127.0.0.1:${port}` };
}

export async function startMain(t: Lasting, socketPath: string): Promise<Running> {
  const gateway = start(t, "../../src/gateway/main.ts", ["--socket", socketPath]);
  await until("the gateway starts", () => gateway.lines.length > 0);
  return gateway;
}

export function linkTo(t: Lasting, socketPath: string, toxiproxy: ToxiproxyConfig): GatewayLink {
  const link = gatewayLink({ socketPath, clock: systemClock, log: silentLog, toxiproxy });
  t.after(() => link.close());
  return link;
}

export interface Upstream {
  /** "127.0.0.1:port" */
  readonly address: string;
  readonly sockets: readonly Socket[];
}

/** Answers with what it gets, unless it is told otherwise. */
export async function startUpstream(
  t: TestContext,
  onSocket: (socket: Socket) => void = (socket) => void socket.pipe(socket),
): Promise<Upstream> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

export interface Client {
  readonly socket: Socket;
  readonly received: () => Buffer;
  /** Sends and waits for as many bytes; the milliseconds that it took. */
  echo(data: string | Buffer): Promise<number>;
  /** How it ended: "end", or the code of an error. */
  readonly over: Promise<string>;
}

/** `listen` is what a proxy answers as its own. */
export async function connectTo(t: TestContext, listen: string): Promise<Client> {
  const socket = connect({ port: Number(listen.split(":").at(-1)), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  const over = new Promise<string>((resolve) => {
    socket.once("end", () => resolve("end"));
    socket.once("error", (error) => resolve("code" in error ? String(error.code) : "error"));
  });
  socket.on("data", (chunk) => chunks.push(chunk));
  t.after(() => socket.destroy());
  await once(socket, "connect");
  const received = (): Buffer => Buffer.concat(chunks);
  return {
    socket,
    received,
    over,
    async echo(data) {
      const wanted = received().length + Buffer.byteLength(data);
      const startMs = systemClock.now();
      socket.write(data);
      await until(`${wanted} bytes come back`, () => received().length >= wanted);
      return systemClock.now() - startMs;
    },
  };
}
