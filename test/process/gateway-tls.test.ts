// TLS in front: which certificate, which protocol, and certificates that change under load.
import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { connect as connectPlain } from "node:net";
import { type TestContext, test } from "node:test";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { RouteCertificate } from "../../src/protocol/gateway-secure.ts";
import { freePort } from "../gateway-corpus/rig.ts";
import { ask, connectHere, ready, serveHere, startGateway, until } from "./gateway-rig.ts";
import { askOver, client, folderOf, makeCertificate, startSecure } from "./gateway-secure-rig.ts";

async function enter(t: TestContext, port: number, over: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...over });
  t.after(() => socket.destroy());
  socket.on("error", () => {});
  await Promise.race([
    once(socket, "secureConnect"),
    once(socket, "close").then(() => Promise.reject(new Error("no handshake"))),
  ]);
  return socket;
}

const ok = (t: TestContext): Promise<number> => serveHere(t, (_, res) => res.end("ok"));

async function startWith(
  t: TestContext,
  certificates: readonly RouteCertificate[],
  http2 = true,
): ReturnType<typeof startSecure> {
  const upstreams = [{ instance: "web/1", port: await ok(t), state: "ready" as const }];
  return startSecure(t, { upstreams, tls: { certificates, http2 } });
}

test("a host gets the certificate with its name, else the first", async (t) => {
  const folder = folderOf(t);
  const { port } = await startWith(t, [
    makeCertificate(folder, "first", ["first.example"]),
    makeCertificate(folder, "exact", ["shop.wide.example"]),
    makeCertificate(folder, "wide", ["*.wide.example", "wide.example"]),
    { ...makeCertificate(folder, "named", ["unused.example"]), names: ["Named.Example"] },
  ]);
  for (const [servername, expected] of [
    ["first.example", "first"],
    ["shop.wide.example", "exact"],
    ["SHOP.wide.example", "exact"],
    ["cart.wide.example", "wide"],
    ["wide.example", "wide"],
    ["a.b.wide.example", "first"],
    ["named.example", "named"],
    ["unused.example", "first"],
    ["", "first"],
  ]) {
    const socket = await enter(t, port, { servername });
    assert.equal(socket.getPeerCertificate().subject.CN, expected, servername);
  }
});

test("HTTP/2 is spoken where it is offered and known; nothing older than TLS 1.2", async (t) => {
  const pair = makeCertificate(folderOf(t), "web", ["web.example"]);
  const route = await startWith(t, [pair]);
  const spoken = async (over: ConnectionOptions): Promise<string | false | null> =>
    (await enter(t, route.port, over)).alpnProtocol;
  assert.equal(await spoken({ ALPNProtocols: ["http/1.1", "h2"] }), "h2");
  assert.equal(await spoken({ ALPNProtocols: ["http/1.1"] }), "http/1.1");
  assert.equal(await spoken({}), false);
  await assert.rejects(spoken({ ALPNProtocols: ["spdy/1"] }), /no application protocol/);
  await assert.rejects(spoken({ minVersion: "TLSv1", maxVersion: "TLSv1.1" }));
  const old = await enter(t, route.port, { maxVersion: "TLSv1.2" });
  assert.equal(old.getProtocol(), "TLSv1.2");
  await route.push({ tls: { certificates: [pair], http2: false } });
  assert.equal(await spoken({ ALPNProtocols: ["h2", "http/1.1"] }), "http/1.1");
});

test("HTTP/1.1 over TLS: instances hear of it, and half an answer is not taken for one", async (t) => {
  const port = await connectHere(t, (socket) => {
    socket.on("error", () => {});
    socket.once("data", (head) => {
      const proto = /x-forwarded-proto: (\w+)/i.exec(String(head))?.[1];
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n${proto}\r\n`);
      setTimeout(() => socket.destroy(), 30);
    });
  });
  const certificates = [makeCertificate(folderOf(t), "web", ["web.example"])];
  const upstreams = [{ instance: "web/1", port, state: "ready" as const }];
  const route = await startSecure(t, { upstreams, tls: { certificates, http2: true } });
  for (const version of ["1.1", "1.0"]) {
    const socket = await enter(t, route.port, {});
    let text = "";
    let fault = "";
    socket.setEncoding("latin1").on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", (error) => {
      fault = error.message;
    });
    socket.write(`GET / HTTP/${version}\r\nHost: a\r\n\r\n`);
    await until("it ends", () => socket.destroyed);
    assert.match(text, /https/);
    // HTTP/1.0 ends an answer with the connection: this one has to end in a way that tells.
    if (version === "1.0") assert.match(fault, /ECONNRESET/);
    else assert.doesNotMatch(text, /0\r\n\r\n$/);
  }
});

test("a client that never ends its handshake holds nobody up, and is dropped", async (t) => {
  const certificates = [makeCertificate(folderOf(t), "web", ["web.example"])];
  const upstreams = [{ instance: "web/1", port: await ok(t), state: "ready" as const }];
  const tls = { certificates, http2: true };
  const route = await startSecure(t, { upstreams, tls, limits: { headMs: 500 } });
  let closed = 0;
  for (let i = 0; i < 50; i++) {
    const socket = connectPlain(route.port, "127.0.0.1").on("error", () => {});
    t.after(() => socket.destroy());
    socket.on("close", () => closed++).resume();
    if (i % 2 === 0) socket.write(Buffer.from([0x16, 3, 1, 2, 0]));
    else if (i === 1) socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  assert.equal((await askOver(client(t, route.port), "/")).status, 200);
  await until("they are dropped", () => closed === 50);
});

test("a certificate that changes under load is used at once, and nothing fails", async (t) => {
  const folder = folderOf(t);
  const pair = makeCertificate(folder, "old", ["web.example"]);
  const next = makeCertificate(folder, "new", ["web.example"]);
  const route = await startWith(t, [pair]);
  const standing = client(t, route.port);
  let stop = false;
  let done = 0;
  const failures: unknown[] = [];
  const load = async (work: () => Promise<number>): Promise<void> => {
    while (!stop) {
      const status = await work().catch((error: unknown) => error);
      if (status !== 200) failures.push(status);
      done++;
    }
  };
  const fresh = async (): Promise<number> => {
    const session = client(t, route.port);
    const { status } = await askOver(session, "/");
    session.close();
    return status;
  };
  const all = [
    load(async () => (await askOver(standing, "/")).status),
    load(fresh),
    load(() => askTls(route.port)),
  ];
  const shown = async (): Promise<string> =>
    String((await enter(t, route.port, {})).getPeerCertificate().subject.CN);
  // File by file, as many tools do it: for a moment the two do not fit.
  copyFileSync(next.cert, pair.cert);
  await new Promise((resolve) => setTimeout(resolve, 50));
  copyFileSync(next.key, pair.key);
  await until("the new one is shown", async () => (await shown()) === "new");
  const third = makeCertificate(folder, "third", ["web.example"]);
  await route.push({ tls: { certificates: [third], http2: true } });
  assert.equal(await shown(), "third", "a config is in force when it is acknowledged");
  stop = true;
  await Promise.all(all);
  assert.deepEqual(failures, []);
  assert.ok(done > 20, `${done} requests`);
  assert.equal(standing.destroyed, false, "a connection that stands goes on");
  assert.deepEqual(
    route.said.filter((line) => line.startsWith("error")),
    [],
  );
});

const oneEach = new Agent({ keepAlive: false, rejectUnauthorized: false });

function askTls(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const out = request({ host: "127.0.0.1", port, agent: oneEach }, (incoming) => {
      incoming
        .on("end", () => resolve(incoming.statusCode ?? 0))
        .on("error", reject)
        .resume();
    });
    out.on("error", reject).end();
  });
}

test("a pair that cannot be used is told, and the one before stays", async (t) => {
  const folder = folderOf(t);
  const pair = makeCertificate(folder, "good", ["web.example"], 10);
  const route = await startWith(t, [pair]);
  assert.ok(route.said.includes("warn a certificate expires soon"));
  assert.deepEqual(
    route.live.certificates.map(({ names }) => names),
    [["web.example"]],
  );
  const other = makeCertificate(folder, "other", ["web.example"]);
  copyFileSync(other.key, pair.key);
  await assert.rejects(
    route.push({}),
    /^Error: tls: .*good\.key: .*mismatch.*; the one before stays in force$/,
  );
  writeFileSync(pair.cert, "nothing");
  await assert.rejects(route.push({}), /good\.pem: /);
  await until("it is logged", () => route.said.includes("error a certificate cannot be loaded"));
  assert.equal((await askOver(client(t, route.port), "/")).status, 200);
  copyFileSync(other.cert, pair.cert);
  await route.push({});
  const socket = await enter(t, route.port, {});
  assert.equal(socket.getPeerCertificate().subject.CN, "other");
});

test("without any certificate the port stays closed until there is one", async (t) => {
  const folder = folderOf(t);
  const pair = makeCertificate(folder, "web", ["web.example"]);
  rmSync(pair.key);
  const upstreams = [{ instance: "web/1", port: await ok(t), state: "ready" as const }];
  const route = await startSecure(t, { upstreams });
  await route.live.close(0);
  const later = await startSecure(t, { upstreams }).then(async (plain) => {
    await assert.rejects(
      plain.push({ tls: { certificates: [pair], http2: true } }),
      /no such file or directory.*web\.key/,
    );
    return plain;
  });
  makeCertificate(folder, "web", ["web.example"]);
  await later.push({});
  assert.equal((await askOver(client(t, later.port), "/")).status, 200);
});

test("a gateway of its own process takes TLS over its control socket, and tells of it", async (t) => {
  const rig = await startGateway(t);
  const pair = makeCertificate(folderOf(t), "web", ["web.example"]);
  const tls = { certificates: [pair], http2: true };
  await rig.push([ready("web/1", await ok(t))], { tls });
  assert.equal((await askOver(client(t, rig.port), "/")).status, 200);
  const { certificates = [] } = await rig.link.stats();
  assert.deepEqual(
    certificates.map(({ service, names }) => [service, names]),
    [["web", ["web.example"]]],
  );
  const gone = { ...pair, cert: `${pair.cert}.gone` };
  await assert.rejects(
    rig.push([ready("web/1", await ok(t))], { tls: { ...tls, certificates: [gone] } }),
    /no such file.*the one before stays in force/,
  );
});

test("clients of the plain port are sent to https, with host and path", async (t) => {
  const certificates = [makeCertificate(folderOf(t), "web", ["web.example"])];
  const upstreams = [{ instance: "web/1", port: await ok(t), state: "ready" as const }];
  const redirectFrom = await freePort();
  const tls = { certificates, http2: true, redirectFrom };
  const route = await startSecure(t, { upstreams, tls });
  const options = { headers: { host: "web.example:80" }, method: "POST", body: "x" };
  const { status, headers } = await ask(redirectFrom, "/cart?item=3", options);
  assert.equal(status, 308);
  assert.equal(headers.location, `https://web.example:${route.port}/cart?item=3`);
  const evil = await ask(redirectFrom, "/", { headers: { host: "a/b@c" } });
  assert.equal(evil.status, 400);
  await route.push({ tls: { certificates, http2: true } });
  await assert.rejects(ask(redirectFrom, "/"), /ECONNREFUSED|ECONNRESET|hang up/);
});
