// HTTP/2 in front: what a request and its answer keep on their way to HTTP/1.1 and back, and what ends them.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect, constants } from "node:http2";
import { connect as connectPlain } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { connectHere, serveHere, until } from "./gateway-rig.ts";
import { answerOf, askOver, client, startBefore } from "./gateway-secure-rig.ts";

test("fields, bodies and trailers arrive as they were sent, both ways", async (t) => {
  const port = await serveHere(t, async (req, res) => {
    let body = "";
    for await (const chunk of req) body += chunk;
    const { cookie, host } = req.headers;
    const proto = req.headers["x-forwarded-proto"];
    res.writeHead(201, { "set-cookie": ["a=1", "b=2"], "x-twice": ["1", "2"], trailer: "x-sum" });
    res.write(JSON.stringify({ body, cookie, host, proto, trailers: req.trailers }));
    res.addTrailers({ "x-sum": "42" });
    res.end();
  });
  const route = await startBefore(t, port);
  const session = client(t, route.port);
  const { status, fields, body, trailers } = await askOver(session, "/a?b=c", {
    fields: { ":method": "POST", cookie: ["one=1", "two=2"] },
    body: "hello",
    trailers: { "x-more": "yes" },
  });
  assert.deepEqual(JSON.parse(body.toString()), {
    ...{ body: "hello", cookie: "one=1; two=2", host: "web.example", proto: "https" },
    trailers: { "x-more": "yes" },
  });
  assert.deepEqual(
    [status, fields["set-cookie"], fields["x-twice"]],
    [201, ["a=1", "b=2"], "1, 2"],
  );
  assert.equal(trailers["x-sum"], "42");
  assert.equal(fields.connection, undefined);
  const sized = await askOver(session, "/", {
    fields: { ":method": "PUT", "content-length": "5" },
    body: "hello",
  });
  assert.equal(JSON.parse(sized.body.toString()).body, "hello");
});

test("HEAD, 204, 304, 100 and 103 mean what they mean in HTTP/1.1", async (t) => {
  const port = await serveHere(t, (req, res) => {
    req.resume();
    if (req.url === "/early") res.writeEarlyHints({ link: "</a.css>; rel=preload" });
    const status = Number(req.url?.slice(1));
    if (status > 0) res.writeHead(status).end();
    else res.writeHead(200, { "content-length": "5" }).end("hello");
  });
  const route = await startBefore(t, port);
  const session = client(t, route.port);
  const head = await askOver(session, "/", { fields: { ":method": "HEAD" } });
  assert.deepEqual([head.status, head.fields["content-length"], head.body.length], [200, "5", 0]);
  assert.equal((await askOver(session, "/204")).status, 204);
  assert.equal((await askOver(session, "/304")).status, 304);
  const early = await askOver(session, "/early");
  assert.deepEqual([early.status, early.interims], [200, [103]]);
  const expecting = session.request({
    ...{ ":path": "/", ":method": "POST", expect: "100-continue" },
  });
  const continued = once(expecting, "continue");
  const answer = answerOf(expecting);
  await continued;
  expecting.end("body");
  assert.equal((await answer).status, 200);
});

test("a 205 is without a body, and a status that HTTP/2 does not have is no answer", async (t) => {
  const port = await connectHere(t, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (head) => {
      const status = / \/(\d+)/.exec(String(head))?.[1];
      const lines = "Constructor: a\r\nContent-Length: 2";
      socket.write(`HTTP/1.1 ${status} X\r\n${lines}\r\n\r\nno`);
    });
  });
  const route = await startBefore(t, port);
  const session = client(t, route.port);
  const reset = await askOver(session, "/205");
  assert.deepEqual([reset.status, reset.body.length], [205, 0]);
  assert.deepEqual([reset.fields["content-length"], reset.fields.constructor], [undefined, "a"]);
  for (const status of [600, 999]) {
    assert.equal((await askOver(session, `/${status}`)).status, 502);
  }
  assert.equal((await askOver(session, "/200")).body.toString(), "no", "and the gateway goes on");
  assert.deepEqual(route.stats.instance("web/1").statuses.length, 5);
});

test("a client that ends its connection ends what it has asked", async (t) => {
  const port = await serveHere(t, (req) => void req.resume());
  const route = await startBefore(t, port);
  const sockets = [1, 2, 3].map(() => {
    const plain = connectPlain(route.port, "127.0.0.1");
    const options = { socket: plain, ALPNProtocols: ["h2"], rejectUnauthorized: false };
    const session = connect("https://web.example", { createConnection: () => connectTls(options) });
    session.on("error", () => {});
    t.after(() => session.destroy());
    const stream = session.request({ ":path": "/", ":method": "POST" });
    stream.on("error", () => {});
    // The body is not all: nothing but the end of the connection tells that nobody is there.
    stream.write("some");
    return plain;
  });
  const inflight = (): number => route.stats.instance("web/1").inflight;
  const clients = (): number => route.stats.route("web").clients;
  await until("all arrive", () => inflight() === 3);
  // As the kernel does it for a process that was killed.
  for (const socket of sockets) socket.end();
  await until("nothing is left of them", () => inflight() === 0 && clients() === 0);
});

test("an answer that is not whole is never taken for one", async (t) => {
  const halves = [
    "Content-Length: 100\r\n\r\nhalf",
    "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
  ];
  const port = await connectHere(t, (socket) => {
    socket.on("error", () => {});
    socket.once("data", (head) => {
      const path = / \/(\d)/.exec(String(head))?.[1];
      socket.write(`HTTP/1.1 200 OK\r\n${halves[Number(path)]}`);
      setTimeout(() => socket.destroy(), 30);
    });
  });
  const route = await startBefore(t, port);
  const session = client(t, route.port);
  for (const path of ["/0", "/1"]) {
    await assert.rejects(askOver(session, path), /NGHTTP2_INTERNAL_ERROR/);
  }
  assert.equal(session.destroyed, false, "the other requests of the connection go on");
});

test("an answer that comes before the whole request is read, and the rest is not", async (t) => {
  let received = 0;
  const port = await serveHere(t, (req, res) => {
    req.on("data", (chunk) => {
      received += chunk.length;
    });
    res.writeHead(413).end("enough");
  });
  const route = await startBefore(t, port);
  const stream = client(t, route.port).request({ ":path": "/", ":method": "POST" });
  stream.write(Buffer.alloc(100_000));
  const { status, body } = await answerOf(stream);
  assert.deepEqual([status, body.toString()], [413, "enough"]);
  assert.ok(received <= 100_000);
});

test("a client that takes its request back ends the work on it", async (t) => {
  let begun = 0;
  let ended = 0;
  const port = await serveHere(t, (_, res: ServerResponse) => {
    begun++;
    res.on("close", () => ended++);
  });
  const route = await startBefore(t, port);
  const session = client(t, route.port);
  const [one, two] = [1, 2].map(() => session.request({ ":path": "/" }));
  one?.on("error", () => {});
  two?.on("error", () => {});
  await until("both arrive", () => begun === 2);
  one?.close(constants.NGHTTP2_CANCEL);
  await until("one is left", () => ended === 1);
  assert.equal(route.stats.instance("web/1").inflight, 1, "the other one goes on");
  two?.close(constants.NGHTTP2_CANCEL);
  await until("both are left", () => route.stats.instance("web/1").inflight === 0);
});

test("a client that is told to go may finish what it has", async (t) => {
  const port = await serveHere(t, (_, res) => void setTimeout(() => res.end("late"), 100));
  const route = await startBefore(t, port);
  const session = client(t, route.port);
  const answer = askOver(session, "/");
  await until("it arrives", () => route.stats.instance("web/1").inflight === 1);
  const told = once(session, "goaway");
  const closed = route.live.close(5_000);
  assert.deepEqual((await told)[0], constants.NGHTTP2_NO_ERROR);
  assert.equal((await answer).body.toString(), "late");
  await closed;
  await until("the connection ends", () => session.destroyed);
});

test("who waits for a body or an answer in vain does so for a time", async (t) => {
  const port = await serveHere(t, (req, res) => {
    if (req.url === "/much") res.end(Buffer.alloc(8 * 1024 * 1024));
    else req.resume().on("end", () => res.end("ok"));
  });
  const limits = { bodyIdleMs: 300, stallMs: 300, keepAliveMs: 600, lingerMs: 100 };
  const route = await startBefore(t, port, { limits });
  const session = client(t, route.port);
  const slow = session.request({ ":path": "/", ":method": "POST" });
  slow.write("some");
  assert.equal((await answerOf(slow)).status, 408);
  const taker = session.request({ ":path": "/much" });
  taker.on("error", () => {});
  taker.pause();
  await until("it is cut", () => taker.destroyed || taker.closed);
  assert.equal(taker.rstCode, constants.NGHTTP2_INTERNAL_ERROR);
  assert.equal(route.stats.instance("web/1").inflight, 0, "the instance is let go");
  const idle = client(t, route.port);
  await until("who asks nothing is told to go", () => idle.closed || idle.destroyed);
});
