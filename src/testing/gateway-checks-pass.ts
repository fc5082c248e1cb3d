// What passes through any kind of gateway: requests with their names, large bodies, WebSockets.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Agent } from "node:http";
import { connect, createServer } from "node:net";
import { freePort, many, told } from "./gateway-instances.ts";
import type { GatewayCheck, GatewayScene } from "./gateway-scene.ts";

export const passChecks: readonly GatewayCheck[] = [
  ["serves, and counts what it serves", serves],
  ["tells an instance who asked", tellsWho],
  ["passes large bodies both ways", passesBodies],
  ["passes a WebSocket, also while its instance is drained", passesSockets],
  ["closes the port of a route that is removed", closes],
  ["tells of a port that is taken, and opens the others", tellsTaken],
  ["answers 504 what takes too long, and asks once", isLate],
];

async function serves(scene: GatewayScene): Promise<void> {
  const one = await scene.instance("web/1");
  await scene.push([one.as("ready")]);
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const answers = await many(10, () => scene.ask("/", { agent }));
  agent.destroy();
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  await scene.until("all is counted", async () => (await scene.counted()).requests === 10);
  const { requests, failures, statuses, latency } = await scene.countedOf("web/1");
  const timed = latency.reduce((sum, count) => sum + count, 0);
  assert.deepEqual([requests, failures, statuses, timed], [10, 0, [0, 10, 0, 0, 0], 10]);
  assert.equal(await scene.gateway.inflight("nobody/1"), 0);
}

async function tellsWho(scene: GatewayScene): Promise<void> {
  const one = await scene.instance("web/1");
  await scene.push([one.as("ready")]);
  const first = told(await scene.ask("/", { headers: { "x-forwarded-for": "192.0.2.7" } })).headers;
  assert.match(String(first["x-forwarded-for"]), /^192\.0\.2\.7, ?127\.0\.0\.1$/);
  assert.equal(first["x-forwarded-proto"], "http");
  assert.equal(first["x-forwarded-host"], `127.0.0.1:${scene.port}`);
  assert.match(String(first.forwarded), /for=127\.0\.0\.1;host="127\.0\.0\.1:\d+";proto=http$/);
  assert.match(String(first.traceparent), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  assert.equal(first["x-request-id"], String(first.traceparent).slice(3, 35));
  const traceparent = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
  const headers = { traceparent, "x-request-id": "mine" };
  const second = told(await scene.ask("/", { headers })).headers;
  assert.deepEqual([second.traceparent, second["x-request-id"]], [traceparent, "mine"]);
}

async function passesBodies(scene: GatewayScene): Promise<void> {
  const one = await scene.instance("web/1");
  await scene.push([one.as("ready")]);
  const body = Buffer.alloc(8 * 1024 * 1024, "up");
  const up = await scene.ask("/", { method: "POST", body });
  assert.equal(told(up).received, body.length);
  const down = await scene.ask("/?bytes=8388608");
  const hash = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");
  assert.equal(hash(down.body), hash(Buffer.alloc(8_388_608, "web/1")));
}

async function passesSockets(scene: GatewayScene): Promise<void> {
  const [one, two] = [await scene.instance("web/1"), await scene.instance("web/2")];
  await scene.push([one.as("ready")]);
  const socket = connect(scene.port, "127.0.0.1");
  let heard = "";
  socket.on("data", (piece) => {
    heard += piece;
  });
  const fields = "Host: web\r\nConnection: Upgrade\r\nUpgrade: websocket";
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13";
  socket.write(`GET / HTTP/1.1\r\n${fields}\r\n${key}\r\n\r\n`);
  await scene.until("it is switched", () => heard.startsWith("HTTP/1.1 101"));
  socket.write("one");
  await scene.until("it comes back", () => heard.endsWith("one"));
  assert.equal(await scene.gateway.inflight("web/1"), 1);
  await scene.push([one.as("draining"), two.as("ready")]);
  socket.write("two");
  await scene.until("it still comes back", () => heard.endsWith("two"));
  socket.destroy();
  await scene.until("it is over", async () => (await scene.gateway.inflight("web/1")) === 0);
}

async function closes(scene: GatewayScene): Promise<void> {
  const one = await scene.instance("web/1");
  const other = { ...scene.web([]), service: "api", port: await freePort() };
  assert.deepEqual(await scene.gateway.push([scene.web([one.as("ready")]), other]), []);
  assert.equal(await isOpen(other.port), true);
  await scene.push([one.as("ready")]);
  await scene.until("it is closed", async () => !(await isOpen(other.port)));
  assert.equal((await scene.ask("/")).status, 200);
}

function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

async function tellsTaken(scene: GatewayScene): Promise<void> {
  const one = await scene.instance("web/1");
  const taken = createServer().listen(0, "127.0.0.1");
  try {
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as { port: number };
    const routes = [{ ...scene.web([]), service: "api", port }, scene.web([one.as("ready")])];
    const problems = await scene.gateway.push(routes);
    assert.deepEqual(
      problems.map(({ service }) => service),
      ["api"],
    );
    assert.equal((await scene.ask("/")).status, 200);
  } finally {
    taken.close();
  }
}

async function isLate(scene: GatewayScene): Promise<void> {
  const [one, two] = [await scene.instance("web/1"), await scene.instance("web/2")];
  await scene.push([one.as("ready"), two.as("ready")], { timeoutMs: 200 });
  assert.equal((await scene.ask("/?wait=1000")).status, 504);
  assert.equal(one.asked.length + two.asked.length, 1);
}
