// Plain TCP, Unix sockets and the PROXY protocol through a route, with real sockets on both sides.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createServer as createHttpServer, request } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { proxyHeader, readProxyHeader } from "../../src/gateway/front/proxy-header.ts";
import { type OurRoute, startRoute } from "../gateway-corpus/rig.ts";
import { until } from "./gateway-rig.ts";

async function instance(
  t: TestContext,
  onSocket: (socket: Socket) => void,
): Promise<{ readonly port: number; stop(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  t.after(stop);
  return { port: (server.address() as AddressInfo).port, stop };
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "homeostat-gateway-"));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

function client(t: TestContext, to: { port: number } | { path: string }): Socket {
  const socket = "port" in to ? connect({ ...to, host: "127.0.0.1" }) : connect(to);
  t.after(() => void socket.destroy());
  return socket.on("error", () => {});
}

async function all(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += (chunk as Buffer).toString("latin1");
  return text;
}

function closing(t: TestContext, route: OurRoute): OurRoute {
  t.after(() => route.close());
  return route;
}

test("tcp: bytes go both ways unread, and each side may end its own", async (t) => {
  const echo = await instance(t, (socket) =>
    socket.on("end", () => socket.end("bye")).on("data", (it) => socket.write(it)),
  );
  const route = closing(t, await startRoute(echo.port, {}, { protocol: "tcp" }));
  const socket = client(t, { port: route.port });
  socket.end("no HTTP at all\r\n\0");
  assert.equal(await all(socket), "no HTTP at all\r\n\0bye");
  await until("the instance is left", () => route.stats.instance("web/1").inflight === 0);
  assert.equal(route.stats.route("web").requests, 1);
});

test("tcp: an instance that cannot be reached costs no connection while there is another one", async (t) => {
  const dead = await instance(t, () => {});
  dead.stop();
  const echo = await instance(t, (socket) => socket.pipe(socket));
  const upstreams = [
    { instance: "web/1", port: dead.port, state: "ready" as const },
    { instance: "web/2", port: echo.port, state: "ready" as const },
  ];
  const route = closing(t, await startRoute(echo.port, {}, { protocol: "tcp", upstreams }));
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const socket = client(t, { port: route.port });
      socket.end(`hello ${i}`);
      return all(socket);
    }),
  );
  assert.deepEqual(
    answers,
    answers.map((_, i) => `hello ${i}`),
  );
  assert.ok(route.stats.route("web").retries >= 1);
});

test("tcp: a connection waits for an instance, and is reset when none comes", async (t) => {
  const echo = await instance(t, (socket) => socket.pipe(socket));
  const ready = [{ instance: "web/1", port: echo.port, state: "ready" as const }];
  const said = { protocol: "tcp" as const, upstreams: [], holdMs: 60_000 };
  const route = closing(t, await startRoute(echo.port, {}, said));
  const patient = client(t, { port: route.port });
  patient.end("still here");
  await until("it waits", () => route.stats.route("web").held === 1);
  route.apply({ upstreams: ready });
  assert.equal(await all(patient), "still here");
  route.apply({ upstreams: [], holdMs: 1 });
  const late = client(t, { port: route.port });
  const [error] = (await once(late, "error")) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ECONNRESET");
  assert.equal(route.stats.route("web").unserved, 1);
});

test("tcp: when an instance dies its client hears it, and others go on", async (t) => {
  const doomed = await instance(t, (socket) => socket.write("a"));
  const route = closing(t, await startRoute(doomed.port, {}, { protocol: "tcp" }));
  const socket = client(t, { port: route.port });
  await once(socket, "data");
  doomed.stop();
  await once(socket, "close");
  await until("nothing is in flight", () => route.stats.instance("web/1").inflight === 0);
});

test("a Unix socket carries what the port carries, and its file goes with the route", async (t) => {
  const server = createHttpServer((req, res) => res.end(String(req.headers["x-forwarded-for"])));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => void server.close());
  const path = join(await folder(t), "web.sock");
  const { port } = server.address() as AddressInfo;
  const route = await startRoute(port, {}, { path });
  assert.equal((await stat(path)).mode & 0o777, 0o660);
  const answer = await new Promise<string>((resolve, reject) => {
    const asked = request({ socketPath: path, path: "/" }, (res) => {
      let body = "";
      res.on("data", (chunk) => (body += chunk)).on("end", () => resolve(body));
    });
    asked.on("error", reject).end();
  });
  assert.equal(answer, "unknown");
  await route.close();
  await until("its file is gone", () => !existsSync(path));
});

test("an instance on a Unix socket is reached, with HTTP and without", async (t) => {
  const path = join(await folder(t), "one.sock");
  const server = createHttpServer((_, res) => res.end("by path")).listen(path);
  await once(server, "listening");
  t.after(() => void server.close());
  const upstreams = [{ instance: "web/1", port: 1, path, state: "ready" as const }];
  for (const protocol of [{}, { protocol: "tcp" as const }]) {
    const route = closing(t, await startRoute(1, {}, { ...protocol, upstreams }));
    const socket = client(t, { port: route.port });
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert.match(await all(socket), /by path$/);
  }
});

test("PROXY: whoever is behind a listed proxy is named to the instance; without a header it is cut", async (t) => {
  const server = createHttpServer((req, res) => res.end(String(req.headers["x-forwarded-for"])));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const route = closing(t, await startRoute(port, {}, { acceptProxy: ["127.0.0.0/8"] }));
  const get = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const to = { address: "192.0.2.1", port: 80 };
  for (const version of ["v1", "v2"] as const) {
    const header = proxyHeader(version, { address: "198.51.100.7", port: 4_000 }, to);
    const whole = client(t, { port: route.port });
    whole.write(Buffer.concat([header, Buffer.from(get)]));
    assert.match(await all(whole), /\r\n\r\n198\.51\.100\.7$/);
    const pieces = client(t, { port: route.port });
    for (const byte of header) {
      pieces.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    pieces.write(get);
    assert.match(await all(pieces), /198\.51\.100\.7$/);
  }
  const liar = client(t, { port: route.port });
  liar.write(get);
  await new Promise((resolve) => liar.once("close", resolve));
  assert.equal(route.stats.route("web").requests, 4);
});

test("PROXY: nobody else may say who they are", async (t) => {
  const echo = await instance(t, (socket) => socket.pipe(socket));
  const route = closing(t, await startRoute(echo.port, {}, { acceptProxy: ["192.0.2.0/24"] }));
  const socket = client(t, { port: route.port });
  socket.write("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.match(await all(socket), /^HTTP\/1\.1 400 /);
});

test("PROXY: an instance of tcp is told its client in the version it wants", async (t) => {
  const seen = Promise.withResolvers<Buffer>();
  const tells = await instance(t, (socket) => socket.once("data", (it) => seen.resolve(it)));
  const said = { protocol: "tcp" as const, sendProxy: "v2" as const };
  const route = closing(t, await startRoute(tells.port, {}, said));
  const socket = client(t, { port: route.port });
  await once(socket, "connect");
  socket.write("x");
  const header = readProxyHeader(await seen.promise);
  const from = { address: "127.0.0.1", port: socket.localPort };
  assert.deepEqual(header, { kind: "done", length: 28, from });
});

test("what strangers claim of those before them is dropped, what proxies of ours say is passed on", async (t) => {
  const server = createHttpServer((req, res) => {
    const { "x-forwarded-for": by, "x-forwarded-host": host, forwarded } = req.headers;
    res.end(JSON.stringify([by, host, forwarded]));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const claims = [
    "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Host: evil\r\n",
    "Forwarded: for=9.9.9.9\r\nConnection: close\r\n\r\n",
  ].join("");
  const ask = async (trustForwarded: readonly string[] | undefined): Promise<string> => {
    const said = trustForwarded ? { trustForwarded } : {};
    const route = closing(t, await startRoute(port, {}, said));
    const socket = client(t, { port: route.port });
    socket.write(claims);
    return (await all(socket)).split("\r\n\r\n")[1] ?? "";
  };
  const mine = "for=127.0.0.1;host=a;proto=http";
  assert.deepEqual(JSON.parse(await ask([])), ["127.0.0.1", "a", mine]);
  const believed = ["9.9.9.9, 127.0.0.1", "evil", `for=9.9.9.9, ${mine}`];
  assert.deepEqual(JSON.parse(await ask(undefined)), believed);
  assert.deepEqual(JSON.parse(await ask(["127.0.0.1"])), believed);
});

test("what clients may do is what the route says", async (t) => {
  const server = createHttpServer((_, res) => res.end("ok"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const limits = { headBytes: 1_024, bodyBytes: 10, requestsPerConnection: 1, headMs: 300 };
  const route = closing(t, await startRoute(port, {}, { limits }));
  const ask = async (text: string): Promise<string> => {
    const socket = client(t, { port: route.port });
    socket.write(text);
    return all(socket);
  };
  const head = "Host: a\r\n";
  assert.match(
    await ask(`GET / HTTP/1.1\r\n${head}\r\n`),
    /^HTTP\/1\.1 200 [\s\S]*Connection: close/,
  );
  assert.match(await ask(`GET / HTTP/1.1\r\n${head}X: ${"x".repeat(2_000)}\r\n\r\n`), / 431 /);
  assert.match(await ask(`POST / HTTP/1.1\r\n${head}Content-Length: 11\r\n\r\n`), / 413 /);
  assert.match(await ask(`GET / HTTP/1.1\r\n${head}`), / 408 /);
});
