// The gateway's process and its control socket: configs, bad lines, rivals, and its end.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { gatewayLink } from "../../src/gateway/link.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { HomeostatError } from "../../src/kernel/errors.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { gatewayProtocol } from "../../src/protocol/gateway.ts";
import {
  ask,
  freePort,
  ready,
  serveHere,
  sleep,
  start,
  startGateway,
  until,
} from "./gateway-rig.ts";

const main = "../../src/gateway/main.ts";
const hello = (t: TestContext): Promise<number> => serveHere(t, (_, res) => res.end("hello"));
const refusal = (code: string) => (error: unknown) =>
  error instanceof HomeostatError && error.code === code;

/** A daemon that says what it likes. */
function rough(t: TestContext, socketPath: string): { socket: Socket; lines: string[] } {
  const socket = connect(socketPath);
  const lines: string[] = [];
  // A connection that is cut is an error of both.
  socket.on("error", () => {});
  const reader = createInterface({ input: socket }).on("line", (line) => lines.push(line));
  reader.on("error", () => {});
  t.after(() => socket.destroy());
  return { socket, lines };
}

test("traffic goes on without a daemon, and the next one finds the config", async (t) => {
  const rig = await startGateway(t);
  const port = await hello(t);
  await rig.push([ready("web/1", port)]);
  const { version } = await rig.link.stats();
  rig.link.close();
  // The daemon also held the other end of the gateway's log.
  rig.gateway.child.stdout?.destroy();
  rig.gateway.child.stderr?.destroy();
  assert.equal((await ask(rig.port, "/")).body, "hello");
  const next = gatewayLink({ socketPath: rig.socketPath, clock: systemClock, log: silentLog });
  t.after(() => next.close());
  assert.equal((await next.stats()).version, version);
  const applied = await next.push([]);
  assert.equal(applied.version, version + 1);
  await sleep(100);
  assert.equal((await next.stats()).version, version + 1, "it lives with a log nobody reads");
});

test("a config that is older than the current one is ignored and acknowledged", async (t) => {
  const rig = await startGateway(t);
  await rig.push([ready("web/1", await hello(t))]);
  await rig.push([ready("web/1", await hello(t))]);
  const { socket, lines } = rough(t, rig.socketPath);
  await until("the greeting", () => lines.length === 1);
  socket.write('{"kind":"config","config":{"version":1,"routes":[]}}\n');
  await until("the answer", () => lines.length === 2);
  const { release, ...greeting } = JSON.parse(lines[0] ?? "");
  assert.match(release, /^\d+\.\d+\.\d+ /);
  assert.deepEqual(greeting, {
    ...{ kind: "hello", protocol: gatewayProtocol, pid: rig.gateway.pid, version: 2, held: [] },
  });
  assert.deepEqual(JSON.parse(lines[1] ?? ""), { kind: "applied", version: 2, problems: [] });
  assert.equal((await ask(rig.port, "/")).status, 200);
});

test("a change of config keeps the connections of clients and to instances", async (t) => {
  const rig = await startGateway(t);
  await rig.push([ready("web/1", await hello(t))]);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let connections = 0;
  const createConnection = agent.createConnection.bind(agent);
  agent.createConnection = (...args) => {
    connections++;
    return createConnection(...args);
  };
  for (let i = 0; i < 5; i++) {
    assert.equal((await ask(rig.port, "/", { agent })).status, 200);
    await rig.push([ready("web/1", await hello(t))], { timeoutMs: 1_000 + i });
  }
  const seen = new Set<number | undefined>();
  const same = await serveHere(t, (req, res) => {
    seen.add(req.socket.remotePort);
    res.end();
  });
  for (let i = 0; i < 5; i++) {
    await rig.push([ready("web/1", same)], { timeoutMs: 1_000 + i });
    assert.equal((await ask(rig.port, "/", { agent })).status, 200);
  }
  assert.equal(connections, 1, "of the client");
  assert.equal(seen.size, 1, "to the instance");
  await rig.push([], { port: await freePort() });
  await assert.rejects(ask(rig.port, "/"), /ECONNREFUSED/);
  agent.destroy();
});

test("a port that is taken is a problem, and is tried again with the next config", async (t) => {
  const rig = await startGateway(t);
  const rival = createServer().listen(0, "127.0.0.1");
  await once(rival, "listening");
  const address = rival.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const upstreams = [ready("web/1", await hello(t))];
  const web = { service: "web", host: "127.0.0.1", port, upstreams, holdMs: 0, timeoutMs: 1_000 };
  const { problems } = await rig.link.push([web, { ...web, service: "api", port: rig.port }]);
  assert.equal(problems.length, 1);
  assert.equal(problems[0]?.service, "web");
  assert.match(problems[0]?.text ?? "", /EADDRINUSE/);
  assert.equal((await ask(rig.port, "/")).status, 200, "the other route is open");
  rival.close();
  await once(rival, "close");
  assert.deepEqual((await rig.link.push([web])).problems, []);
  assert.equal((await ask(port, "/")).status, 200);
});

test("malformed lines end their connection and harm nothing else", async (t) => {
  const rig = await startGateway(t);
  await rig.push([ready("web/1", await hello(t))]);
  const bad = [
    "nonsense\n",
    '{"kind":"reboot"}\n',
    '{"kind":"config","config":{"version":9,"routes":[{}]}}\n',
    Buffer.from([0xff, 0x00, 0x0a]),
    Buffer.alloc(5 * 1024 * 1024, "x"),
  ];
  for (const line of bad) {
    const { socket } = rough(t, rig.socketPath);
    socket.write(line);
    await until("it is closed", () => socket.destroyed);
  }
  const said = rig.gateway.lines.filter((line) => line.includes("control connection closed"));
  assert.equal(said.length, bad.length);
  assert.match(said[1] ?? "", /kind: expected config, stats or stop, got/);
  assert.equal((await rig.link.stats()).version, 1);
  assert.equal((await ask(rig.port, "/")).status, 200);
});

test("a second gateway on the same socket ends with 75; a stale socket file is taken over", async (t) => {
  const rig = await startGateway(t);
  const second = start(t, main, ["--socket", rig.socketPath]);
  await once(second.child, "exit");
  assert.equal(second.child.exitCode, 75);
  await until("it says why", () =>
    second.lines.some((line) => /another process already answers/.test(line)),
  );
  assert.equal((await rig.link.stats()).version, 0, "the first one is unharmed");
  await rig.gateway.end("SIGKILL");
  const third = start(t, main, ["--socket", rig.socketPath]);
  await until("the third starts", () => third.lines.length > 0);
  assert.equal((await rig.link.stats()).version, 0);
});

test("a file that is no socket is left alone", async (t) => {
  const rig = await startGateway(t);
  const path = `${rig.socketPath}.txt`;
  await writeFile(path, "precious");
  const other = start(t, main, ["--socket", path]);
  await once(other.child, "exit");
  assert.equal(other.child.exitCode, 1);
});

test("told to stop, it finishes what it has and ends with 0; SIGINT and SIGHUP are not it", async (t) => {
  const rig = await startGateway(t);
  const port = await serveHere(t, async (_, res) => {
    await sleep(500);
    res.end("hello");
  });
  await rig.push([ready("web/1", port)]);
  rig.gateway.child.kill("SIGINT");
  rig.gateway.child.kill("SIGHUP");
  const answer = ask(rig.port, "/");
  await until("it works", async () => (await rig.link.inflight("web/1")) === 1);
  const ended = rig.gateway.end("SIGTERM");
  assert.equal((await answer).body, "hello");
  assert.equal(await ended, 0);
  await assert.rejects(ask(rig.port, "/"), /ECONNREFUSED/);
});

test("the link says when the gateway is lost, and finds the next one", async (t) => {
  const rig = await startGateway(t);
  let lost = 0;
  rig.link.onLost(() => lost++);
  await rig.push([]);
  await rig.push([]);
  assert.equal(rig.link.connected, true);
  await rig.gateway.end("SIGKILL");
  await until("the loss is noticed", () => lost === 1);
  assert.equal(rig.link.connected, false);
  await assert.rejects(rig.link.stats(), refusal("GATEWAY_ABSENT"));
  const next = start(t, main, ["--socket", rig.socketPath]);
  await until("it starts", () => next.lines.length > 0);
  assert.equal((await rig.link.push([])).version, 3);
  assert.equal(lost, 1);
});

test("the link refuses another protocol, another shape, and silence", async (t) => {
  const rig = await startGateway(t);
  const cases = [
    [`{"kind":"hello","protocol":${gatewayProtocol + 1},"pid":1,"version":0}\n`, "WIRE_VERSION"],
    [`{"kind":"hello","protocol":${gatewayProtocol}}\n`, "WIRE_SHAPE"],
    ["SSH-2.0\n", "WIRE_SHAPE"],
    ["", "TIMED_OUT"],
  ] as const;
  for (const [i, [greeting, code]] of cases.entries()) {
    const socketPath = `${rig.socketPath}.${i}`;
    const server = createServer((socket) => socket.write(greeting)).listen(socketPath);
    t.after(() => server.close());
    const link = gatewayLink({ socketPath, clock: systemClock, log: silentLog });
    await assert.rejects(link.stats(), refusal(code));
    link.close();
  }
});
