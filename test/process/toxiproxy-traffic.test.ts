// Toxics on real connections: what a client and an upstream feel of each, also while it changes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { after, type TestContext, test } from "node:test";
import { type Proxy as ToxicProxy, Toxiproxy } from "toxiproxy-node-client";
import { systemClock } from "../../src/kernel/clock.ts";
import { sleep, until } from "./gateway-rig.ts";
import { connectTo, startToxiproxy, startUpstream } from "./toxiproxy-rig.ts";

const gateway = startToxiproxy({ after });
let proxies = 0;

type Stream = "upstream" | "downstream";
type Kind =
  | "latency"
  | "bandwidth"
  | "slow_close"
  | "timeout"
  | "slicer"
  | "limit_data"
  | "reset_peer";

interface Scene {
  readonly proxy: ToxicProxy;
  readonly add: (
    type: Kind,
    attributes: Readonly<Record<string, number>>,
    stream?: Stream,
  ) => ReturnType<ToxicProxy["addToxic"]>;
}

/** A proxy of its own for each scene, all in one gateway. */
async function through(
  t: TestContext,
  onSocket?: (socket: Socket) => void,
): Promise<Scene & { readonly sockets: readonly Socket[]; readonly pid: number }> {
  const rig = await gateway;
  const { address, sockets } = await startUpstream(t, onSocket);
  const body = { name: `db-${proxies++}`, listen: "127.0.0.1:0", upstream: address };
  const proxy = await new Toxiproxy(rig.url).createProxy(body);
  const add: Scene["add"] = (type, attributes, stream = "downstream") =>
    proxy.addToxic({ name: `${type}_${stream}`, type, stream, toxicity: 1, attributes });
  return { proxy, add, sockets, pid: rig.gateway.pid };
}

test("latency of both directions adds up on an open connection, until it is removed", async (t) => {
  const { proxy, add } = await through(t);
  const client = await connectTo(t, proxy.listen);
  await client.echo("as it is");
  const down = await add("latency", { latency: 150, jitter: 0 });
  const up = await add("latency", { latency: 100, jitter: 0 }, "upstream");
  const slowMs = await client.echo("slow");
  assert.ok(slowMs >= 248, `${slowMs} ms`);
  await down.update({ ...down.toJson(), attributes: { latency: 60_000, jitter: 0 } });
  const waiting = client.echo("held");
  await sleep(250);
  await down.remove();
  await up.remove();
  await waiting;
  const burst = Buffer.alloc(3_000_000, "x");
  await client.echo(burst);
  assert.equal(client.received().length, 8 + 4 + 4 + burst.length);
});

test("down cuts open connections and refuses new ones; up again accepts", async (t) => {
  const { proxy, sockets } = await through(t);
  const client = await connectTo(t, proxy.listen);
  await client.echo("hello");
  const { name: _, ...shown } = { ...proxy.toJson() };
  await proxy.update({ ...shown, enabled: false });
  await client.over;
  await until("the upstream feels it", () => sockets[0]?.readableEnded === true);
  await assert.rejects(connectTo(t, proxy.listen), /ECONNREFUSED/);
  await proxy.update({ ...shown, enabled: true });
  await (await connectTo(t, proxy.listen)).echo("again");
});

test("an upstream that is not there ends the client's connection", async (t) => {
  const { proxy } = await through(t);
  const { name: _, ...shown } = { ...proxy.toJson() };
  const { listen } = await proxy.update({ ...shown, upstream: "127.0.0.1:1" });
  const client = await connectTo(t, listen);
  assert.match(await client.over, /end|ECONNRESET/);
});

test("timeout, limit_data and reset_peer end a connection, each in its way, on both sides", async (t) => {
  const { proxy, add, sockets } = await through(t);
  const first = await connectTo(t, proxy.listen);
  const timeout = await add("timeout", { timeout: 100 });
  const startMs = systemClock.now();
  first.socket.write("lost");
  assert.equal(await first.over, "end");
  assert.ok(systemClock.now() - startMs >= 95);
  assert.equal(first.received().length, 0);
  await until("the upstream feels it", () => sockets[0]?.readableEnded === true);
  await timeout.remove();

  const second = await connectTo(t, proxy.listen);
  const limit = await add("limit_data", { bytes: 5 });
  second.socket.write("1234567");
  assert.equal(await second.over, "end");
  assert.equal(second.received().toString(), "12345");
  await limit.remove();

  const third = await connectTo(t, proxy.listen);
  await third.echo("alive");
  const errors: string[] = [];
  sockets[2]?.on("error", (error) => errors.push("code" in error ? String(error.code) : ""));
  await add("reset_peer", { timeout: 0 });
  third.socket.write("x");
  assert.equal(await third.over, "ECONNRESET");
  await until("the upstream is reset", () => errors.join() === "ECONNRESET");
});

test("bandwidth, slicer and slow_close: a rate, many pieces, and a late end", async (t) => {
  const { proxy, add } = await through(t, (socket) => {
    socket.once("data", () => socket.end(Buffer.alloc(60_000, "y")));
  });
  await add("bandwidth", { rate: 200 });
  await add("slow_close", { delay: 200 });
  const client = await connectTo(t, proxy.listen);
  const startMs = systemClock.now();
  client.socket.write("go");
  await until("all is here", () => client.received().length === 60_000);
  const sentMs = systemClock.now() - startMs;
  assert.ok(sentMs >= 295, `60 kB at 200 kB/s within ${sentMs} ms`);
  await client.over;
  assert.ok(systemClock.now() - startMs - sentMs >= 150, "the end came late");

  const { proxy: sliced, add: addSlicer } = await through(t);
  await addSlicer("slicer", { average_size: 100, size_variation: 10, delay: 5_000 });
  const other = await connectTo(t, sliced.listen);
  let pieces = 0;
  other.socket.on("data", () => pieces++);
  await other.echo(Buffer.alloc(2_000));
  assert.ok(pieces >= 5, `${pieces} pieces`);
});

test("a client that has said all still gets its answer", async (t) => {
  const { proxy } = await through(t, (socket) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("end", () => void sleep(50).then(() => socket.end(Buffer.concat(chunks))));
  });
  const client = await connectTo(t, proxy.listen);
  client.socket.end("everything");
  assert.equal(await client.over, "end");
  assert.equal(client.received().toString(), "everything");
});

test("a client that does not read stops the upstream, and the gateway's memory stays flat", async (t) => {
  const { proxy, sockets, pid } = await through(t, (socket) => {
    const block = Buffer.alloc(65_536);
    const fill = (): void => {
      while (!socket.destroyed && socket.write(block));
    };
    socket.on("drain", fill);
    fill();
  });
  const client = await connectTo(t, proxy.listen);
  client.socket.pause();
  const before = residentMiB(pid);
  await until("it stands still", async () => {
    const bytes = sockets[0]?.bytesWritten ?? 0;
    await sleep(100);
    return bytes > 0 && sockets[0]?.bytesWritten === bytes;
  });
  const grownMiB = residentMiB(pid) - before;
  assert.ok(grownMiB < 60, `${grownMiB} MiB`);
  client.socket.resume();
  const had = client.received().length;
  await until("it goes on", () => client.received().length > had + 20_000_000);
});

function residentMiB(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1_024;
}
