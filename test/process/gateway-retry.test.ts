// What is repeated on another instance, what is not, and when the gateway stops trying.
import assert from "node:assert/strict";
import { request } from "node:http";
import type { Socket } from "node:net";
import { test } from "node:test";
import { ask, before, connectHere, ready, serveHere, startGateway, until } from "./gateway-rig.ts";

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** Answers the first request of a connection and resets it at the second. */
function onceOnly(socket: Socket): void {
  let requests = 0;
  socket.on("error", () => {});
  socket.on("data", () => {
    if (++requests === 1) socket.write(ok);
    else socket.resetAndDestroy();
  });
}

test("an idle connection that ends just then loses nothing, also with one instance", async (t) => {
  const port = await connectHere(t, onceOnly);
  const rig = await startGateway(t);
  await rig.push([ready("web/1", port)]);
  for (const method of ["GET", "GET", "POST", "GET", "POST", "DELETE"]) {
    assert.equal((await ask(rig.port, "/", { method })).body, "ok", method);
  }
  const { retries, held, lostUnsafe } = await rig.counters();
  assert.ok(retries > 0, "a connection was found closed");
  assert.deepEqual([held, lostUnsafe], [0, 0]);
});

test("a PUT is repeated with its body while that was small enough to keep", async (t) => {
  let dying = 0;
  const bad = await serveHere(t, (req) => {
    dying++;
    req.on("end", () => req.socket.resetAndDestroy()).resume();
  });
  const good = await serveHere(t, async (req, res) => {
    let received = 0;
    for await (const chunk of req) received += chunk.length;
    res.end(String(received));
  });
  const rig = await startGateway(t);
  for (const [size, status] of [
    [64 * 1024, 200],
    [64 * 1024 + 1, 502],
  ] as const) {
    await rig.push([ready("web/1", bad)]);
    const answer = ask(rig.port, "/", { method: "PUT", body: Buffer.alloc(size, "x") });
    const seen = dying;
    await until("it arrives", () => dying > seen);
    await rig.push([ready("web/2", good)]);
    const { status: got, body } = await answer;
    assert.equal(got, status, body);
    if (status === 200) assert.equal(body, String(size));
  }
  assert.equal((await rig.counters()).lostUnsafe, 1);
});

test("a request that kills whatever has it is given up after three", async (t) => {
  let reached = 0;
  const upstreams = [];
  for (let i = 1; i <= 5; i++) {
    const port = await serveHere(t, (req) => {
      reached++;
      req.socket.resetAndDestroy();
    });
    upstreams.push(ready(`web/${i}`, port));
  }
  const rig = await startGateway(t);
  await rig.push(upstreams);
  const { status, body } = await ask(rig.port, "/");
  assert.deepEqual([status, reached], [503, 3]);
  assert.match(JSON.parse(body).error, /given up after 3 tries$/);
  const { retries, unserved } = await rig.counters();
  assert.deepEqual([retries, unserved], [2, 1]);
});

test("the head of a stream of events does not wait for the first event", async (t) => {
  const rig = await before(t, (_, res) => res.writeHead(200).flushHeaders());
  const out = request({ host: "127.0.0.1", port: rig.port });
  let status = 0;
  out.on("response", (incoming) => {
    status = incoming.statusCode ?? 0;
  });
  out.on("error", () => {});
  out.end();
  await until("the head arrives", () => status === 200);
  out.destroy();
  await until("it is left", async () => (await rig.link.inflight("web/1")) === 0);
});

test("a client that goes away ends the work on its request", async (t) => {
  let begun = false;
  let ended = false;
  const rig = await before(t, (_, res) => {
    begun = true;
    res.on("close", () => {
      ended = true;
    });
  });
  const leaving = new AbortController();
  const left = ask(rig.port, "/", { signal: leaving.signal });
  await until("it arrives", () => begun);
  leaving.abort();
  await assert.rejects(left, /abort/);
  await until("the instance notices", () => ended);
  assert.equal(await rig.link.inflight("web/1"), 0);
});

test("an instance that is too late is left, 504", async (t) => {
  let closed = false;
  const port = await serveHere(t, (_, res) => {
    res.on("close", () => {
      closed = true;
    });
  });
  const rig = await startGateway(t);
  await rig.push([ready("web/1", port)], { timeoutMs: 200 });
  const { status, body } = await ask(rig.port, "/");
  assert.deepEqual([status, JSON.parse(body).error], [504, "web/1 gave no answer within 200 ms"]);
  await until("the request is taken back", () => closed);
  assert.equal((await rig.counters()).unserved, 1);
  const [counters] = (await rig.link.stats()).instances;
  assert.deepEqual([counters?.requests, counters?.broken], [1, 1]);
});

test("answers of 5xx are passed on, not repeated", async (t) => {
  let asked = 0;
  const rig = await before(t, (_, res) => {
    asked++;
    res.writeHead(500).end("sorry");
  });
  const { status, body } = await ask(rig.port, "/");
  assert.deepEqual([status, body, asked], [500, "sorry", 1]);
  assert.equal((await rig.link.stats()).instances[0]?.failures, 1);
});

test("an instance that speaks no HTTP is answered 502", async (t) => {
  const port = await connectHere(t, (socket) => socket.end("SSH-2.0-nonsense\r\n"));
  const rig = await startGateway(t);
  await rig.push([ready("web/1", port)]);
  const { status, body } = await ask(rig.port, "/");
  assert.equal(status, 502);
  assert.match(JSON.parse(body).error, /^web\/1 gave no valid answer: /);
});
