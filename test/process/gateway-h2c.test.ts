// h2c to instances: gRPC, one connection for many requests, and how each kind of end is taken.
import assert from "node:assert/strict";
import { once } from "node:events";
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { ask, connectHere, freePort, raw, serveHere, until } from "./gateway-rig.ts";
import { askOver, client, serveH2c, startBefore, startSecure } from "./gateway-secure-rig.ts";
import { endHeaders, endStream, frame, readFrames, types } from "./support/http2-frames.ts";

const h2c = { over: { back: "h2c" } } as const;
const grpc = { ":method": "POST", "content-type": "application/grpc", te: "trailers" };

/** A message of gRPC: not compressed, its length, its bytes. */
function message(text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(text.length, 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

function readAll(stream: ServerHttp2Stream): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => resolve(Buffer.concat(chunks)));
  });
}

test("gRPC passes: one answer, a stream of answers, an error without a body", async (t) => {
  const asked: unknown[] = [];
  const { port } = await serveH2c(t, async (stream, fields) => {
    asked.push([fields.te, fields[":scheme"], fields["x-forwarded-proto"]]);
    const said = await readAll(stream);
    const head = { ":status": 200, "content-type": "application/grpc" };
    if (fields[":path"] === "/shop.Cart/Fail") {
      stream.respond({ ...head, "grpc-status": "5" }, { endStream: true });
      return;
    }
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "x-sum": "1" }));
    stream.respond(head, { waitForTrailers: true });
    const times = fields[":path"] === "/shop.Cart/Watch" ? 3 : 1;
    for (let i = 1; i <= times; i++) stream.write(Buffer.concat([said, message(String(i))]));
    stream.end();
  });
  const session = client(t, (await startBefore(t, port, h2c)).port);
  const call = (path: string): ReturnType<typeof askOver> =>
    askOver(session, path, { fields: grpc, body: message("hi") });
  const one = await call("/shop.Cart/Get");
  assert.deepEqual(one.body, Buffer.concat([message("hi"), message("1")]));
  assert.deepEqual([one.trailers["grpc-status"], one.trailers["x-sum"]], ["0", "1"]);
  const many = await call("/shop.Cart/Watch");
  assert.equal(many.body.length, 3 * 2 * 5 + 3 * 2 + 3);
  assert.equal(many.trailers["grpc-status"], "0");
  const failed = session.request({ ...grpc, ":path": "/shop.Cart/Fail" });
  const [fields, flags] = await once(failed.end(message("hi")), "response");
  assert.equal(fields["grpc-status"], "5");
  assert.ok((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0, "the head is the end");
  assert.deepEqual(asked, Array(3).fill(["trailers", "http", "https"]));
});

test("a stream both ways says and hears while both are open", async (t) => {
  const { port } = await serveH2c(t, (stream) => {
    stream.respond({ ":status": 200 });
    stream.on("data", (chunk) => stream.write(`echo ${chunk}`));
    stream.on("end", () => stream.end());
  });
  const route = await startBefore(t, port, h2c);
  const stream = client(t, route.port).request({ ...grpc, ":path": "/" });
  for (const word of ["one", "two"]) {
    stream.write(word);
    const [chunk] = await once(stream, "data");
    assert.equal(String(chunk), `echo ${word}`);
  }
  stream.end();
  await once(stream.resume(), "close");
});

test("clients of HTTP/1.1 are served too, with their bodies and trailers", async (t) => {
  const { port } = await serveH2c(t, async (stream, fields) => {
    let trailers = {};
    stream.on("trailers", (came) => {
      trailers = { ...came };
    });
    const body = (await readAll(stream)).toString();
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "42" }));
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.end(JSON.stringify({ body, trailers, host: fields[":authority"] }));
  });
  const upstreams = [{ instance: "web/1", port, state: "ready" as const }];
  const route = await startSecure(t, { upstreams, ...h2c });
  const { socket, received } = raw(t, route.port);
  const chunks = "5\r\nhello\r\n0\r\nX-More: yes\r\n\r\n";
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`);
  await until("the trailers come", () => received().endsWith("0\r\nx-sum: 42\r\n\r\n"));
  assert.match(received(), /{"body":"hello","trailers":{"x-more":"yes"},"host":"a"}/);
  assert.equal((await ask(route.port, "/", { method: "PUT", body: "sized" })).status, 200);
});

test("many requests share one connection, as far as the instance lets them", async (t) => {
  const held: ServerHttp2Stream[] = [];
  const answer = (stream: ServerHttp2Stream): void => {
    stream.respond({ ":status": 200 });
    stream.end("ok");
  };
  const served = await serveH2c(t, (stream) => void held.push(stream), {
    maxConcurrentStreams: 10,
  });
  const route = await startBefore(t, served.port, h2c);
  const session = client(t, route.port);
  const warm = askOver(session, "/");
  await until("the first arrives", () => held.length === 1);
  for (const stream of held.splice(0)) answer(stream);
  await warm;
  const answers = Array.from({ length: 25 }, () => askOver(session, "/"));
  await until("all arrive", () => held.length === 25);
  assert.equal(served.sessions(), 3);
  for (const stream of held) answer(stream);
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
});

test("what the instance has not begun with goes again, whatever its method", async (t) => {
  let refused = 0;
  const { port } = await serveH2c(t, async (stream) => {
    if (refused < 2) {
      refused++;
      return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    }
    const body = await readAll(stream);
    stream.respond({ ":status": 200 });
    stream.end(body);
  });
  const route = await startBefore(t, port, h2c);
  const session = client(t, route.port);
  const { status, body } = await askOver(session, "/", { fields: grpc, body: "once" });
  assert.deepEqual([status, body.toString(), refused], [200, "once", 2]);
  const { lostUnsafe, unserved } = route.stats.route("web");
  assert.deepEqual([lostUnsafe, unserved], [0, 0]);
});

test("an instance that says it goes loses nothing of what comes then", async (t) => {
  let reached = 0;
  const { port, sessions } = await serveH2c(t, async (stream) => {
    reached++;
    // It takes up this one, and says that it takes none that come after it.
    if (reached % 20 === 0) stream.session?.close();
    const body = await readAll(stream);
    stream.respond({ ":status": 200 });
    stream.end(body);
  });
  const route = await startBefore(t, port, h2c);
  const session = client(t, route.port);
  for (let round = 0; round < 10; round++) {
    const asks = Array.from({ length: 50 }, (_, i) =>
      askOver(session, "/", { fields: grpc, body: `${round}/${i}` }),
    );
    for (const [i, { status, body }] of (await Promise.all(asks)).entries()) {
      assert.deepEqual([status, body.toString()], [200, `${round}/${i}`]);
    }
  }
  assert.equal(reached, 500, "none was done twice");
  assert.ok(sessions() > 10);
});

test("an instance that gives up its connection says which requests it has begun with", async (t) => {
  const codes = [constants.NGHTTP2_INTERNAL_ERROR, constants.NGHTTP2_NO_ERROR];
  const port = await connectHere(t, (socket) => {
    const code = codes.shift();
    let isFirst = true;
    socket
      .on("error", () => {})
      .on("data", (bytes: Buffer) => {
        if (isFirst) socket.write(frame(types.settings, 0, 0, Buffer.alloc(0)));
        isFirst = false;
        const from = bytes.indexOf("PRI * HTTP/2.0") === 0 ? 24 : 0;
        const asked = readFrames(bytes.subarray(from)).find(({ type }) => type === types.headers);
        if (asked && code === undefined) {
          const ok = Buffer.from([0x88]);
          socket.write(frame(types.headers, endHeaders | endStream, asked.stream, ok));
        } else if (asked) {
          const none = Buffer.alloc(8);
          none.writeUInt32BE(code ?? 0, 4);
          socket.end(frame(types.goaway, 0, 0, none));
        }
      });
  });
  const route = await startBefore(t, port, h2c);
  const { status } = await askOver(client(t, route.port), "/", { fields: grpc, body: "x" });
  assert.deepEqual([status, codes], [200, []]);
  assert.equal(route.stats.route("web").lostUnsafe, 0);
});

test("an instance that dies is told from one that never was there", async (t) => {
  const sessions: ServerHttp2Session[] = [];
  const { port, server } = await serveH2c(t, (stream, fields) => {
    if (fields[":path"] === "/die") return void stream.session?.socket.destroy();
    if (fields[":path"] === "/reset") return stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    stream.respond({ ":status": 200 });
    if (fields[":path"] === "/half") {
      stream.write("half");
      return void setTimeout(() => stream.session?.destroy(), 300);
    }
    stream.end("ok");
  });
  server.on("session", (session) => sessions.push(session));
  const route = await startBefore(t, port, h2c);
  const session = client(t, route.port);
  const post = { fields: grpc, body: "x" };
  for (const path of ["/die", "/reset"]) {
    const lost = await askOver(session, path, post);
    assert.equal(lost.status, 502, path);
    assert.match(lost.body.toString(), /may have been carried out/);
  }
  await assert.rejects(askOver(session, "/half"), /NGHTTP2_INTERNAL_ERROR/);
  assert.equal((await askOver(session, "/")).status, 200);
  const nobody = await freePort();
  await route.push({
    holdMs: 200,
    upstreams: [{ instance: "web/2", port: nobody, state: "ready" }],
  });
  const { status, body } = await askOver(session, "/", post);
  assert.equal(status, 503);
  assert.match(body.toString(), /no instance became ready/);
});

test("an instance that speaks something else, or nothing, is told as such", async (t) => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => silent.close());
  const spoken = await serveHere(t, (_, res) => res.end("HTTP/1.1"));
  const route = await startBefore(t, spoken, { ...h2c, limits: { connectMs: 300 } });
  const session = client(t, route.port);
  const other = await askOver(session, "/");
  assert.equal(other.status, 502);
  assert.match(other.body.toString(), /does not speak HTTP\/2/);
  const { port } = silent.address() as AddressInfo;
  await route.push({ holdMs: 100, upstreams: [{ instance: "web/2", port, state: "ready" }] });
  const { status } = await askOver(session, "/", { fields: grpc, body: "x" });
  assert.equal(status, 503, "nothing of it was sent, so it could have gone elsewhere");
});

test("an instance that dies between the head of its answer and the rest has not answered", async (t) => {
  let asked = 0;
  const { port } = await serveH2c(t, (stream) => {
    stream.respond({ ":status": 200 });
    if (++asked === 1) setImmediate(() => stream.session?.socket.destroy());
    else stream.end("whole");
  });
  const route = await startBefore(t, port, h2c);
  const { status, body } = await askOver(client(t, route.port), "/");
  assert.deepEqual([status, body.toString(), asked], [200, "whole", 2]);
});

test("an instance that is too late is left, one request of its connection", async (t) => {
  let cancelled = 0;
  const { port, sessions } = await serveH2c(t, (stream, fields) => {
    stream.on("close", () => {
      if (stream.rstCode === constants.NGHTTP2_CANCEL) cancelled++;
    });
    if (fields[":path"] === "/late") return;
    stream.respond({ ":status": 200 });
    stream.end("ok");
  });
  const route = await startBefore(t, port, { over: { ...h2c.over, timeoutMs: 300 } });
  const session = client(t, route.port);
  const late = askOver(session, "/late");
  assert.equal((await askOver(session, "/")).status, 200);
  assert.equal((await late).status, 504);
  await until("the instance is told", () => cancelled === 1);
  const left = session.request({ ":path": "/late" });
  left.on("error", () => {});
  await until("it arrives", () => route.stats.instance("web/1").inflight === 1);
  left.close(constants.NGHTTP2_CANCEL);
  await until("the instance is told", () => cancelled === 2);
  assert.equal((await askOver(session, "/")).status, 200);
  assert.equal(sessions(), 1);
});

test("an answer goes at the pace of a slow client, also when the instance leaves", async (t) => {
  for (const size of [100_000, 12 * 1024 * 1024]) {
    const { port } = await serveH2c(t, (stream) => {
      stream.respond({ ":status": 200 });
      stream.end(Buffer.alloc(size));
      stream.session?.close();
    });
    const route = await startBefore(t, port, h2c);
    const stream = client(t, route.port).request({ ":path": "/" });
    let bytes = 0;
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.pause();
    await once(stream, "response");
    await new Promise((resolve) => setTimeout(resolve, 100));
    stream.resume();
    await once(stream, "close");
    assert.deepEqual([bytes, stream.rstCode], [size, 0]);
  }
});
