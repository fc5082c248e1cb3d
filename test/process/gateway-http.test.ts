// The gateway passes HTTP on whole: bodies, framing, fields and upgrades.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent, type IncomingMessage, request, type ServerResponse } from "node:http";
import { test } from "node:test";
import {
  ask,
  before,
  bytes,
  connectHere,
  raw,
  ready,
  serveHere,
  sleep,
  startGateway,
  until,
} from "./gateway-rig.ts";

const digest = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

test("20 MB go both ways, whole, and no faster than the other side reads", async (t) => {
  const big = Buffer.alloc(20_000_000, "0123456789abcdef-");
  let answer: ServerResponse | undefined;
  const read = Promise.withResolvers<void>();
  const rig = await before(t, async (req, res) => {
    answer = res;
    await read.promise;
    const received = await bytes(req);
    res.setHeader("x-digest", digest(received));
    res.end(received);
  });
  const out = request({ host: "127.0.0.1", port: rig.port, method: "POST", path: "/" });
  out.end(big);
  await until("it arrives", () => answer !== undefined);
  await sleep(300);
  assert.equal(out.writableFinished, false, "the gateway takes only what the instance reads");
  read.resolve();
  const [incoming] = (await once(out, "response")) as [IncomingMessage];
  await sleep(300);
  assert.equal(answer?.writableFinished, false, "the gateway takes only what the client reads");
  assert.equal(incoming.headers["x-digest"], digest(big));
  assert.equal(digest(await bytes(incoming)), digest(big));
});

test("a body without a length arrives chunked, also with GET", async (t) => {
  const rig = await before(t, async (req, res) => {
    res.end(`${req.headers["transfer-encoding"]} ${await bytes(req)}`);
  });
  for (const method of ["POST", "GET"]) {
    const headers = { "transfer-encoding": "chunked" };
    const out = request({ host: "127.0.0.1", port: rig.port, method, headers });
    out.write("first ");
    await sleep(50);
    out.end("second");
    const [incoming] = (await once(out, "response")) as [IncomingMessage];
    assert.equal((await bytes(incoming)).toString(), "chunked first second");
  }
});

test("answers without a body keep their fields and the connection", async (t) => {
  const rig = await before(t, (req, res) => {
    const status = Number(req.url?.slice(1));
    res.writeHead(status, { etag: '"7"', ...(status === 204 ? {} : { "content-length": "5" }) });
    res.end(status === 200 ? "hello" : undefined);
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const head = await ask(rig.port, "/200", { method: "HEAD", agent });
  assert.deepEqual([head.status, head.headers["content-length"], head.body], [200, "5", ""]);
  const empty = await ask(rig.port, "/204", { agent });
  assert.deepEqual([empty.status, empty.headers.etag, empty.body], [204, '"7"', ""]);
  const same = await ask(rig.port, "/304", { agent });
  assert.deepEqual([same.status, same.headers.etag, same.body], [304, '"7"', ""]);
  assert.equal((await ask(rig.port, "/200", { agent })).body, "hello");
  agent.destroy();
});

test("fields of the connection end here, those of the message go on", async (t) => {
  let seen: IncomingMessage | undefined;
  const rig = await before(t, (req, res) => {
    seen = req;
    res.writeHead(200, [
      "Set-Cookie",
      "a=1",
      "Set-Cookie",
      "b=2",
      "Connection",
      "x-own",
      "X-Own",
      "1",
    ]);
    res.end("ok");
  });
  const { headers } = await ask(rig.port, "/path?q=1", {
    headers: {
      ...{ host: "shop.example", connection: "x-secret, host, keep-alive" },
      ...{ "x-secret": "1", te: "trailers", upgrade: "h2c", "x-forwarded-for": "10.0.0.9" },
      "X-Mixed-Case": "kept",
    },
  });
  assert.equal(seen?.url, "/path?q=1");
  const { host, te, upgrade, "x-secret": secret, connection } = seen?.headers ?? {};
  assert.deepEqual([host, te, upgrade, secret], ["shop.example", undefined, undefined, undefined]);
  assert.equal(connection, "keep-alive");
  assert.equal(seen?.headers["x-forwarded-for"], "10.0.0.9, 127.0.0.1");
  assert.equal(seen?.headers["x-forwarded-proto"], "http");
  assert.equal(seen?.headers["x-forwarded-host"], "shop.example");
  assert.ok(seen?.rawHeaders.includes("X-Mixed-Case"));
  assert.deepEqual(headers["set-cookie"], ["a=1", "b=2"]);
  assert.equal(headers["x-own"], undefined);
});

test("Expect: 100-continue is answered when an instance takes the body, not before", async (t) => {
  const rig = await startGateway(t);
  await rig.push([]);
  const { socket, received } = raw(t, rig.port);
  socket.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  await until("it waits", async () => (await rig.counters()).held === 1);
  assert.equal(received(), "");
  const port = await serveHere(t, async (req, res) => {
    res.end(`${req.headers.expect} ${await bytes(req)}`);
  });
  await rig.push([ready("web/1", port)]);
  await until("the body is asked for", () => received() !== "");
  assert.equal(received(), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.write("body");
  await until("the answer", () => received().includes("undefined body"));
});

test("an answer before the end of the body leaves the connection usable", async (t) => {
  const seen: (string | undefined)[] = [];
  const rig = await before(t, (req, res) => {
    seen.push(req.headers.connection);
    res.writeHead(req.method === "POST" ? 413 : 200).end(`answer to ${req.method}`);
  });
  const { socket, received } = raw(t, rig.port);
  const half = "x".repeat(1_000_000);
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n${half}`);
  await until("the early answer", () => received().includes("answer to POST"));
  socket.write(`${half}GET / HTTP/1.1\r\nHost: a\r\n\r\n`);
  await until("the second answer", () => received().includes("answer to GET"));
  // A server that is told to close resets what it has not read, and its answer with it.
  assert.deepEqual(seen, ["keep-alive", "keep-alive"]);
});

test("a request whose framing can be read in two ways is refused", async (t) => {
  let reached = 0;
  const rig = await before(t, (_, res) => {
    reached++;
    res.end();
  });
  const framings = [
    "Content-Length: 4\r\nTransfer-Encoding: chunked",
    "Content-Length: 4\r\nContent-Length: 5",
    "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: gzip, chunked",
  ];
  for (const framing of framings) {
    const { socket, received } = raw(t, rig.port);
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n0\r\n\r\n`);
    await until(framing, () => received() !== "");
    assert.match(received(), /^HTTP\/1\.1 (400|501) /, framing);
  }
  assert.equal(reached, 0);
});

test("a degraded service is answered at once, without an instance", async (t) => {
  let reached = 0;
  const port = await serveHere(t, (_, res) => {
    reached++;
    res.end("back");
  });
  const rig = await startGateway(t);
  const degraded = { status: 503, retryAfterS: 7, why: "the database is down" };
  await rig.push([]);
  const held = ask(rig.port, "/");
  await until("it waits", async () => (await rig.counters()).held === 1);
  await rig.push([], { degraded });
  for (const answer of [await held, await ask(rig.port, "/", { method: "POST", body: "x" })]) {
    const { "retry-after": after, "x-homeostat-degraded": mark } = answer.headers;
    assert.deepEqual([answer.status, after, mark], [503, "7", "1"]);
    assert.equal(JSON.parse(answer.body).error, "the database is down");
  }
  assert.equal(reached, 0);
  await rig.push([ready("web/1", port)]);
  assert.equal((await ask(rig.port, "/")).body, "back");
  assert.equal((await rig.counters()).degraded, 2);
});

test("a WebSocket is handed over to an instance, byte for byte", async (t) => {
  const port = await connectHere(t, (socket) => {
    socket.once("data", (head) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${String(head).split("\r\n")[0]}|`);
      socket.pipe(socket);
    });
  });
  const rig = await startGateway(t);
  await rig.push([ready("web/1", port)]);
  const { socket, received } = raw(t, rig.port);
  socket.write(
    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  );
  await until("it is switched", () => received().includes("|"));
  socket.write("ping");
  await until("the echo", () => received().endsWith("GET /chat HTTP/1.1|ping"));
  assert.equal(await rig.link.inflight("web/1"), 1);
  socket.end();
  await until("it ends", async () => (await rig.link.inflight("web/1")) === 0);
});
