// HTTP/2 in front against clients that ask for more than they should: floods, resets, and gigabytes.
import assert from "node:assert/strict";
import { once } from "node:events";
import { constants } from "node:http2";
import { type TestContext, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { serveHere, until } from "./gateway-rig.ts";
import { answerOf, askOver, client, type SecureRoute, startBefore } from "./gateway-secure-rig.ts";
import {
  endHeaders,
  endStream,
  frame,
  headerBlock,
  preface,
  readFrames,
  types,
} from "./support/http2-frames.ts";

const get = headerBlock([
  ...([
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/"],
  ] as const),
  [":authority", "web.example"],
]);

interface RawClient {
  readonly socket: TLSSocket;
  received(): Buffer;
}

async function rawClient(t: TestContext, { port }: SecureRoute): Promise<RawClient> {
  const options = { port, host: "127.0.0.1", ALPNProtocols: ["h2"], rejectUnauthorized: false };
  const socket = connect(options);
  const chunks: Buffer[] = [];
  socket.on("error", () => {}).on("data", (chunk: Buffer) => chunks.push(chunk));
  t.after(() => socket.destroy());
  await once(socket, "secureConnect");
  socket.write(preface);
  return { socket, received: () => Buffer.concat(chunks) };
}

/** Writes until the other side ends it, or `most` pieces are written. */
async function flood(raw: RawClient, piece: (i: number) => Buffer, most: number): Promise<number> {
  let ended = false;
  raw.socket.on("close", () => {
    ended = true;
  });
  for (let i = 0; i < most; i++) {
    if (ended) return i;
    if (!raw.socket.write(piece(i))) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await until("the flood is ended", () => ended);
  return most;
}

async function quiet(t: TestContext): Promise<SecureRoute> {
  return startBefore(t, await serveHere(t, () => {}));
}

test("requests that are taken back as fast as they are sent end the connection", async (t) => {
  const route = await quiet(t);
  const raw = await rawClient(t, route);
  const cancel = Buffer.alloc(4);
  cancel.writeUInt32BE(constants.NGHTTP2_CANCEL);
  const rapid = (i: number): Buffer =>
    Buffer.concat([
      frame(types.headers, endHeaders | endStream, 2 * i + 1, get),
      frame(types.reset, 0, 2 * i + 1, cancel),
    ]);
  await flood(raw, rapid, 5_000);
  assert.ok(route.said.includes("warn a connection of HTTP/2 is ended"));
  const { requests } = route.stats.route("web");
  assert.ok(requests < 1_000, `${requests} of 5,000 were passed on`);
  await until("all are left", () => route.stats.instance("web/1").inflight === 0);
});

test("pings, settings, empty DATA and CONTINUATION without end are ended", async (t) => {
  const route = await quiet(t);
  const empty = Buffer.alloc(0);
  const begin = frame(types.headers, 0, 1, get);
  const posted = frame(types.headers, endHeaders, 1, get);
  const ping = frame(types.ping, 0, 0, Buffer.alloc(8));
  const lot = Buffer.concat(Array(50).fill(ping));
  const floods: readonly ((i: number) => Buffer)[] = [
    () => frame(types.settings, 0, 0, empty),
    (i) => Buffer.concat([...(i === 0 ? [posted] : []), frame(types.data, 0, 1, empty)]),
    (i) => Buffer.concat([...(i === 0 ? [begin] : []), frame(types.continuation, 0, 1, empty)]),
    (i) =>
      Buffer.concat([
        ...(i === 0 ? [begin] : []),
        frame(types.continuation, 0, 1, headerBlock([["x-a", "b".repeat(1_000)]])),
      ]),
  ];
  for (const piece of floods) {
    const raw = await rawClient(t, route);
    await flood(raw, piece, 200_000);
  }
  // One who waits for each lot to be answered fills nothing up, and is too much all the same.
  const patient = await rawClient(t, route);
  let pongs = 0;
  for (let sent = 0; !patient.socket.destroyed && sent < 5_000; sent += 50) {
    patient.socket.write(lot);
    await until("it is answered, or ended", () => {
      const frames = readFrames(patient.received());
      const before = pongs;
      pongs = frames.filter(({ type }) => type === types.ping).length;
      return pongs > before || patient.socket.destroyed;
    });
  }
  assert.ok(pongs < 2_000, `${pongs} pings were answered`);
  const { body } = await askOver(client(t, (await startBefore(t, await answering(t))).port), "/");
  assert.equal(body.toString(), "ok");
});

function answering(t: TestContext): Promise<number> {
  return serveHere(t, (req, res) => req.resume().on("end", () => res.end("ok")));
}

test("more requests at once than a client may know of are refused, the others answered", async (t) => {
  let open = 0;
  let most = 0;
  const answers: (() => void)[] = [];
  const port = await serveHere(t, (_, res) => {
    most = Math.max(most, ++open);
    answers.push(() => res.end("ok"));
  });
  const route = await startBefore(t, port);
  const raw = await rawClient(t, route);
  for (let i = 0; i < 150; i++) {
    raw.socket.write(frame(types.headers, endHeaders | endStream, 2 * i + 1, get));
  }
  await until("100 arrive", () => open === 100);
  const refused = (): number =>
    readFrames(raw.received()).filter(({ type }) => type === types.reset).length;
  await until("50 are refused", () => refused() === 50);
  assert.equal(most, 100);
  for (const answer of answers) answer();
  const ended = (): number =>
    readFrames(raw.received()).filter(
      ({ type, flags }) => type !== types.settings && (flags & endStream) === endStream,
    ).length;
  await until("100 are answered", () => ended() === 100);
});

test("a head that is too large is refused, and the connection goes on", async (t) => {
  const route = await startBefore(t, await answering(t));
  const session = client(t, route.port);
  const many = Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`x-${i}`, "1"]));
  for (const fields of [{ "x-large": "a".repeat(33_000) }, many]) {
    const { status } = await askOver(session, "/", { fields }).catch(() => ({ status: 431 }));
    assert.equal(status, 431);
  }
  const { status } = await askOver(session, `/${"a".repeat(17_000)}`);
  assert.equal(status, 414);
  assert.equal((await askOver(session, "/")).status, 200);
});

test("large bodies pass both ways in little memory, at the pace of who is slower", async (t) => {
  const size = 160 * 1024 * 1024;
  const piece = Buffer.alloc(64 * 1024, "x");
  const port = await serveHere(t, async (req, res) => {
    let bytes = 0;
    for await (const chunk of req) bytes += chunk.length;
    res.writeHead(200, { "x-bytes": String(bytes) });
    for (let sent = 0; sent < size && !res.destroyed; sent += piece.length) {
      if (!res.write(piece)) await once(res, "drain");
    }
    res.end();
  });
  const route = await startBefore(t, port);
  const stream = client(t, route.port).request({ ":path": "/", ":method": "POST" });
  let [peak, bytes, declared] = [0, 0, 0];
  const watch = (): void => {
    peak = Math.max(peak, process.memoryUsage().arrayBuffers);
  };
  stream.on("response", (fields) => {
    declared = Number(fields["x-bytes"]);
  });
  const ended = new Promise((resolve, reject) => stream.on("close", resolve).on("error", reject));
  const before = process.memoryUsage().arrayBuffers;
  for (let sent = 0; sent < size; sent += piece.length) {
    if (!stream.write(piece)) await once(stream, "drain");
    watch();
  }
  stream.end();
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    watch();
  });
  await ended;
  assert.deepEqual([declared, bytes], [size, size]);
  const grown = (peak - before) / 2 ** 20;
  // What the collector has not come to yet is in it.
  assert.ok(grown < 110, `grew by ${grown.toFixed()} MiB`);
});

test("one body that nobody takes does not hold up the others of its connection", async (t) => {
  const port = await serveHere(t, (req, res) => {
    if (req.url === "/stuck") return;
    req.resume().on("end", () => res.end("ok"));
  });
  const route = await startBefore(t, port, { over: { timeoutMs: 60_000 } });
  const session = client(t, route.port);
  const stuck = session.request({ ":path": "/stuck", ":method": "POST" });
  stuck.on("error", () => {});
  const piece = Buffer.alloc(64 * 1024);
  let taken = 0;
  const more = (): void => {
    for (; taken < 64 * 1024 * 1024; taken += piece.length) {
      if (!stuck.write(piece)) return void stuck.once("drain", more);
    }
  };
  more();
  await until("it stands", () => route.stats.instance("web/1").inflight === 1);
  const body = Buffer.alloc(1024 * 1024);
  const post = session.request({ ":path": "/", ":method": "POST" });
  post.end(body);
  assert.equal((await answerOf(post)).status, 200);
  await new Promise((resolve) => setTimeout(resolve, 300));
  // The buffers of the system between all of these hold some megabytes.
  assert.ok(taken < 32 * 1024 * 1024, `${taken} bytes were taken`);
});
