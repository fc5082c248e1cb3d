// How clients get in, with real sockets: what they say first, who they are, and what ends them on the way.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectOver } from "node:http2";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Route } from "../../src/protocol/gateway.ts";
import { freePort } from "../gateway-corpus/rig.ts";
import { connectHere, serveHere, until } from "./gateway-rig.ts";
import {
  askOver,
  folderOf,
  makeCertificate,
  startBefore,
  startSecure,
} from "./gateway-secure-rig.ts";

const get = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const named = "PROXY TCP4 198.51.100.7 192.0.2.1 4000 80\r\n";

/** Connected; it goes with the test. */
async function client(t: TestContext, to: { port: number } | { path: string }): Promise<Socket> {
  const socket = "port" in to ? connect({ ...to, host: "127.0.0.1" }) : connect(to);
  t.after(() => void socket.destroy());
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

function over(socket: Socket, protocol = "http/1.1"): TLSSocket {
  const options = { socket, rejectUnauthorized: false, ALPNProtocols: [protocol] };
  return connectTls(options).on("error", () => {});
}

/** What comes until the connection ends, however it does. */
function all(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk) => {
    text += chunk;
  });
  return new Promise((resolve) => socket.once("close", () => resolve(text)));
}

/** An instance that says whom it is asked for. */
const tells = (t: TestContext): Promise<number> =>
  serveHere(t, (req, res) => res.end(`for ${req.headers["x-forwarded-for"]}`));

const ready = (port: number): Route["upstreams"] => [
  { instance: "web/1", port, state: "ready" as const },
];

test("a Unix socket, which knows no reset, just ends where a port would reset", async (t) => {
  const folder = folderOf(t);
  const half = await connectHere(t, (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
      setTimeout(() => socket.destroy(), 30);
    });
  });
  const tls = { certificates: [makeCertificate(folder, "web", ["web.example"])], http2: true };
  const degraded = { status: 503, retryAfterS: 1, why: "as the test has it" };
  const tcp = { protocol: "tcp", upstreams: [] } as const;
  const cases: Readonly<Record<string, readonly [Partial<Route>, string]>> = {
    "no PROXY header": [{ acceptProxy: ["unix"] }, get],
    "half an answer of HTTP/1.0": [{}, "GET / HTTP/1.0\r\nHost: a\r\n\r\n"],
    "half of one over TLS": [{ tls }, "GET / HTTP/1.0\r\nHost: a\r\n\r\n"],
    "tcp without an instance": [{ ...tcp, holdMs: 50 }, "hello"],
    "tcp of a service that is degraded": [{ ...tcp, degraded }, "hello"],
  };
  for (const [name, [said, bytes]] of Object.entries(cases)) {
    const path = join(folder, "web.sock");
    const route = await startSecure(t, { upstreams: ready(half), over: { path, ...said } });
    const plain = await client(t, { path });
    const socket = said.tls ? over(plain) : plain;
    socket.write(bytes);
    assert.doesNotMatch(await all(socket), /HTTP\/1\.1 4/, name);
    await route.live.close(0);
  }
});

test("tcp behind a proxy: what comes right after the header arrives", async (t) => {
  const echo = await connectHere(t, (socket) => void socket.on("error", () => {}).pipe(socket));
  const said: Partial<Route> = { protocol: "tcp", acceptProxy: ["127.0.0.1"] };
  const { port } = await startSecure(t, { upstreams: ready(echo), over: said });
  const socket = await client(t, { port });
  socket.end(`${named}all of it`);
  assert.equal(await all(socket), "all of it");
});

test("an address with a zone ends nothing on its way to an instance", async (t) => {
  const seen = Promise.withResolvers<Buffer>();
  const instance = await connectHere(t, (socket) => {
    socket.on("error", () => {}).once("data", (bytes: Buffer) => seen.resolve(bytes));
  });
  const said: Partial<Route> = { protocol: "tcp", acceptProxy: ["127.0.0.1"], sendProxy: "v2" };
  const { port } = await startSecure(t, { upstreams: ready(instance), over: said });
  const socket = await client(t, { port });
  socket.write("PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n");
  assert.equal((await seen.promise).toString("hex", 16, 32), `fe80${"0".repeat(27)}1`);
});

test("TLS over a Unix socket: each client is who its proxy says", async (t) => {
  const folder = folderOf(t);
  const path = join(folder, "web.sock");
  const tls = { certificates: [makeCertificate(folder, "web", ["web.example"])], http2: true };
  const said = { path, acceptProxy: ["unix"], tls };
  await startSecure(t, { upstreams: ready(await tells(t)), over: said });
  const clients = [1, 2, 3].map(async (i) => {
    const socket = await client(t, { path });
    socket.write(`PROXY TCP4 192.0.2.${i} 192.0.2.9 1 2\r\n`);
    return socket;
  });
  const sockets = await Promise.all(clients);
  // All are between their headers and their handshakes, which begin the other way round.
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const [i, socket] of [...sockets.entries()].reverse()) {
    const secure = over(socket);
    secure.write(get);
    assert.match(await all(secure), new RegExp(`for 192\\.0\\.2\\.${i + 1}$`));
  }
});

interface Entering {
  readonly socket: Socket;
  readonly closed: Promise<void>;
}

/** A route that begins to close while a client is between its connection and its request. */
async function closing(t: TestContext, said: Partial<Route>, graceMs: number): Promise<Entering> {
  const port = await tells(t);
  const route = await (said.acceptProxy
    ? startSecure(t, { upstreams: ready(port), over: said })
    : startBefore(t, port));
  const socket = await client(t, { port: route.port });
  if (said.acceptProxy) socket.write(named.slice(0, 9));
  // It has been accepted when one that came later has its answer.
  const later = await client(t, { port: route.port });
  const secure = said.acceptProxy ? later : over(later);
  secure.write(`${said.acceptProxy ? named : ""}${get}`);
  await all(secure);
  await until("only the first is left", () => route.stats.route("web").clients === 0);
  let isOver = false;
  const closed = route.live.close(graceMs).then(() => {
    isOver = true;
  });
  await new Promise(setImmediate);
  assert.equal(isOver, false, "it waits");
  return { socket, closed };
}

const behindProxy: Partial<Route> = { acceptProxy: ["127.0.0.1"] };

test("a route that closes waits for who is in the handshake or has not named its client yet", async (t) => {
  const proxied = await closing(t, behindProxy, 20_000);
  proxied.socket.write(named.slice(9) + get);
  assert.match(await all(proxied.socket), /for 198\.51\.100\.7/);
  await proxied.closed;
  const first = await closing(t, {}, 20_000);
  const secure = over(first.socket);
  secure.write(get);
  assert.match(await all(secure), /for 127\.0\.0\.1/);
  await first.closed;
  const second = await closing(t, {}, 20_000);
  const session = connectOver("https://web.example", {
    createConnection: () => over(second.socket, "h2"),
  });
  session.on("error", () => {});
  assert.equal((await askOver(session, "/")).body.toString(), "for 127.0.0.1");
  await second.closed;
  await until("it is told to go", () => session.closed || session.destroyed);
});

test("who says nothing at all is cut when the grace of a closing route is over", async (t) => {
  for (const said of [behindProxy, {}]) {
    const { socket, closed } = await closing(t, said, 200);
    const ended = all(socket);
    await closed;
    assert.equal(await ended, "");
  }
});

test("a client that leaves in the middle of its handshake is let go at once", async (t) => {
  const route = await startBefore(t, await tells(t));
  const socket = await client(t, { port: route.port });
  socket.end(Buffer.from([0x16, 3, 1, 2, 0]));
  const begun = performance.now();
  await all(socket);
  // It may take 15 s for one.
  assert.ok(performance.now() - begun < 10_000);
});

test("the plain port behind a proxy reads its header as well", async (t) => {
  const redirectFrom = await freePort();
  const certificates = [makeCertificate(folderOf(t), "web", ["web.example"])];
  const tls = { certificates, http2: true, redirectFrom };
  const upstreams = ready(await tells(t));
  const route = await startSecure(t, { upstreams, over: { tls, acceptProxy: ["127.0.0.1"] } });
  const socket = await client(t, { port: redirectFrom });
  socket.write(`${named}GET /cart HTTP/1.1\r\nHost: web.example\r\n\r\n`);
  assert.match(
    await all(socket),
    new RegExp(`^HTTP/1\\.1 308 [^]*location: https://web\\.example:${route.port}/cart\r\n`),
  );
  const silent = await client(t, { port: redirectFrom });
  silent.write(get);
  assert.equal(await all(silent), "", "without one it is cut, as on the other port");
});
