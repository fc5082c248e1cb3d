// The data plane over sockets: gigabytes with flat memory, slow peers, pipelines, tunnels and trailers.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { startOracle, startRoute } from "../gateway-corpus/rig.ts";
import {
  before,
  bytes,
  connectHere,
  raw,
  ready,
  sleep,
  startGateway,
  startInstance,
  until,
} from "./gateway-rig.ts";

const gigabyte = 2 ** 30;
const piece = Buffer.alloc(256 * 1024, "x");

/** Peak of what a process had resident since it began. */
function peakMb(pid: number): number {
  const [, kb = "0"] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kb) / 1_000;
}

async function pour(socket: Socket, size: number): Promise<void> {
  for (let left = size; left > 0; left -= piece.length) {
    if (!socket.write(left >= piece.length ? piece : piece.subarray(0, left))) {
      await once(socket, "drain");
    }
  }
}

/** Reads and drops, but for the beginning. */
function drink(socket: Socket): { readonly size: () => number; readonly head: () => string } {
  let size = 0;
  let head = "";
  socket.on("data", (chunk) => {
    size += chunk.length;
    if (head.length < 1_000) head += chunk.toString("latin1");
  });
  return { size: () => size, head: () => head };
}

test("a gigabyte goes in and out with flat memory, also where a peer reads late", async (t) => {
  const rig = await startGateway(t);
  const port = await connectHere(t, (socket) => {
    let received = 0;
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      received += chunk.length;
      if (received < gigabyte) return;
      received = Number.NEGATIVE_INFINITY;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${gigabyte}\r\n\r\n`);
      void pour(socket, gigabyte);
    });
  });
  await rig.push([ready("web/1", port)]);
  const before = peakMb(rig.gateway.pid);
  const client = connect(rig.port, "127.0.0.1");
  t.after(() => client.destroy());
  const taken = drink(client);
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${gigabyte}\r\n\r\n`);
  await pour(client, gigabyte);
  while (taken.size() === 0) await sleep(5);
  client.pause();
  await sleep(200);
  client.resume();
  const late = Date.now() + 30_000;
  while (taken.size() < gigabyte && Date.now() < late) await sleep(10);
  assert.match(taken.head(), /^HTTP\/1\.1 200 OK\r\n/);
  assert.ok(taken.size() > gigabyte, `${taken.size()} bytes came`);
  const grown = peakMb(rig.gateway.pid) - before;
  assert.ok(grown < 200, `the gateway grew by ${grown} MB`);
});

test("slow clients are ended when their time is up, and hurt nobody", async (t) => {
  const oracle = await startOracle();
  const limits = { headMs: 400, bodyIdleMs: 400, keepAliveMs: 400, stallMs: 400, lingerMs: 100 };
  const route = await startRoute(oracle.port, limits);
  t.after(async () => {
    await route.close();
    oracle.close();
  });
  const inHead = raw(t, route.port);
  const inBody = raw(t, route.port);
  const silent = raw(t, route.port);
  inHead.socket.write("GET / HTTP/1.1\r\nHost: a\r\nX-");
  inBody.socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
  const drip = async (): Promise<void> => {
    while (!inHead.socket.destroyed && inHead.received() === "") {
      inHead.socket.write("a");
      await sleep(50);
    }
  };
  const crowd = Array.from({ length: 50 }, () => raw(t, route.port));
  for (const { socket } of crowd) socket.write("GET /slow HTTP/1.1\r\nHo");
  const quick = raw(t, route.port);
  quick.socket.write("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n");
  await until("the quick one is answered", () => quick.received().endsWith("ok"));
  await drip();
  await until("the others are refused", () => inBody.received() !== "");
  assert.match(inHead.received(), /^HTTP\/1\.1 408 /);
  assert.match(inBody.received(), /^HTTP\/1\.1 408 /);
  await until("the silent one is closed", () => silent.socket.destroyed);
  assert.equal(silent.received(), "", "who asked nothing is told nothing");
  await until("the crowd is gone", () => crowd.every(({ socket }) => socket.destroyed));
  assert.deepEqual(oracle.seen, ["GET /quick "]);
});

test("a client that does not read what it asked for is cut", async (t) => {
  const oracle = await connectHere(t, (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4000000\r\n");
      void pour(socket, 0x4000000).catch(() => {});
    });
  });
  const route = await startRoute(oracle, { stallMs: 300 });
  t.after(() => route.close());
  const client = connect(route.port, "127.0.0.1");
  t.after(() => client.destroy());
  client.on("error", () => {});
  client.pause();
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until("it is given up", () => {
    const [instance] = route.stats.snapshot(1).instances;
    return instance?.inflight === 0 && instance.requests === 1;
  });
});

test("pipelined requests are answered in their order, whichever instance is slow", async (t) => {
  const rig = await before(t, async (req, res) => {
    const waitMs = req.url === "/0" ? 150 : 0;
    await sleep(waitMs);
    res.end(`<${req.url} ${await bytes(req)}>`);
  });
  const { socket, received } = raw(t, rig.port);
  const request = (i: number): string =>
    i % 2 === 0
      ? `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`
      : `POST /${i} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`;
  socket.write(Array.from({ length: 10 }, (_, i) => request(i)).join(""));
  const answers = (): string[] =>
    [...received().matchAll(/<([^>]*)>/g)].map(([, text = ""]) => text);
  await until("all are answered", () => answers().length === 10);
  assert.deepEqual(
    answers(),
    Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? `/${i} ` : `/${i} hi`)),
  );
});

test("trailers and early hints go both ways", async (t) => {
  let sum: string | undefined;
  const rig = await before(t, async (req, res) => {
    await bytes(req);
    sum = req.trailers["x-sum"];
    res.writeEarlyHints({ link: "</a.css>; rel=preload" });
    res.setHeader("Trailer", "x-total");
    res.write("part");
    res.addTrailers({ "x-total": "4" });
    res.end();
  });
  const { socket, received } = raw(t, rig.port);
  const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n";
  socket.write(`${head}3\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n`);
  await until("the trailers come", () => received().endsWith("0\r\nx-total: 4\r\n\r\n"));
  assert.equal(sum, "9");
  assert.match(
    received(),
    /^HTTP\/1\.1 103 Early Hints\r\nLink: [^\r]+\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
  );
});

test("HTTP/1.0 gets no chunks, and the end of the connection as that of the answer", async (t) => {
  const rig = await before(t, (_, res) => {
    res.write("one ");
    res.end("two");
  });
  const { socket, received } = raw(t, rig.port);
  socket.write("GET / HTTP/1.0\r\n\r\n");
  await once(socket, "end");
  assert.match(received(), /\r\nConnection: close\r\n/i);
  assert.match(received(), /\r\n\r\none two$/);
});

test("the wish to continue is passed on once, and refused bodies end the connection", async (t) => {
  const rig = await before(t, async (req, res) => res.end(`got ${(await bytes(req)).length}`));
  const { socket, received } = raw(t, rig.port);
  socket.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  await until("it is asked for", () => received() !== "");
  socket.write("body");
  await until("it is answered", () => received().endsWith("got 4"));
  assert.equal(received().match(/100 Continue/g)?.length, 1);
  await rig.push([], { degraded: { status: 503, retryAfterS: 1, why: "closed" } });
  const other = raw(t, rig.port);
  other.socket.write(
    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
  );
  await once(other.socket, "end");
  assert.match(other.received(), /^HTTP\/1\.1 503 /);
  assert.doesNotMatch(other.received(), /100 Continue/);
});

/** An instance that switches and then repeats what it hears. */
function echo(t: TestContext): Promise<number> {
  return connectHere(t, (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      );
      socket.pipe(socket);
    });
  });
}

test("a WebSocket echoes on while another instance is killed and restarted", async (t) => {
  const rig = await startGateway(t);
  const own = await echo(t);
  await rig.push([ready("web/1", own)]);
  const { socket, received } = raw(t, rig.port);
  socket.write("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  await until("it is switched", () => received().endsWith("\r\n\r\n"));
  assert.match(received(), /^HTTP\/1\.1 101 /);
  let said = 0;
  const talk = async (): Promise<void> => {
    const text = `word ${++said};`;
    socket.write(text);
    await until("the echo", () => received().endsWith(text));
  };
  for (let restarts = 0; restarts < 2; restarts++) {
    const other = await startInstance(t, "web/2");
    await rig.push([ready("web/1", own), ready("web/2", other.port)]);
    await talk();
    await other.end("SIGKILL");
    await talk();
    await rig.push([ready("web/1", own)]);
    await talk();
  }
  assert.equal(await rig.link.inflight("web/1"), 1);
});

test("an upgrade that is declined is an answer like any other", async (t) => {
  const rig = await before(t, (_, res) => {
    res.statusCode = 403;
    res.end("no");
  });
  const { socket, received } = raw(t, rig.port);
  const upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  socket.write(upgrade);
  await until("it is declined", () => received().endsWith("no"));
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until("the next one", () => received().match(/403/g)?.length === 2);
});

test("who asks on and on and takes no answers is served no further", async (t) => {
  const answer = `HTTP/1.1 200 OK\r\nContent-Length: 48000\r\n\r\n${"x".repeat(48_000)}`;
  let served = 0;
  const port = await connectHere(t, (socket) => {
    socket.on("error", () => {});
    socket.on("data", () => {
      served += 1;
      socket.write(answer);
    });
  });
  const route = await startRoute(port);
  t.after(() => route.close());
  const client = connect(route.port, "127.0.0.1").pause();
  t.after(() => client.destroy());
  client.on("error", () => {});
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5_000));
  await until("some are served", () => served > 3);
  await sleep(700);
  // What the kernel holds for both sides, and some answers more.
  assert.ok(served < 1_000, `${served} answers wait for nobody`);
  // Reading again, it gets the rest.
  const taken = drink(client);
  client.resume();
  const before = served;
  await until("the rest comes", () => served > before + 100 && taken.size() > 10_000_000);
});

test("a client that comes after a silence may take its time", async (t) => {
  const oracle = await startOracle();
  t.after(() => oracle.close());
  const route = await startRoute(oracle.port, { keepAliveMs: 1_500 });
  t.after(() => route.close());
  await sleep(2_000);
  const client = connect(route.port, "127.0.0.1");
  t.after(() => client.destroy());
  const taken = drink(client);
  await sleep(700);
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until("it is answered", () => taken.size() > 0);
  assert.match(taken.head(), /^HTTP\/1\.1 200 OK\r\n/);
});
