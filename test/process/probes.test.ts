// The HTTP and TCP probes against real sockets: what they call healthy, sick and silent.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { deadline, systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { httpProbe } from "../../src/probes/http.ts";
import type { Probe, ProbeTarget } from "../../src/probes/probe.ts";
import { tcpProbe } from "../../src/probes/tcp.ts";
import { probeConformance } from "../../src/testing/probe-conformance.ts";
import { listen, target } from "./support/probing.ts";

/** A port that was free a moment ago, where nobody listens. */
async function closedPort(): Promise<ProbeTarget> {
  const { of, close } = await listen(createTcpServer());
  await close();
  return of;
}

const closeAll = async (all: readonly { close: () => Promise<void> }[]): Promise<void> => {
  await Promise.all(all.map(({ close }) => close()));
};

probeConformance("http", async () => {
  const healthy = await listen(createServer((_, response) => response.end("ok")));
  const sick = await listen(createServer((_, response) => response.writeHead(503).end("no\ndb")));
  const silent = await listen(createServer(() => {}));
  return {
    probe: httpProbe({ path: "/health" }),
    healthy: healthy.of,
    sick: sick.of,
    silent: silent.of,
    broken: { probe: httpProbe({ path: "/a b" }), of: healthy.of },
    cleanup: () => closeAll([healthy, sick, silent]),
  };
});

probeConformance("tcp", async () => {
  const healthy = await listen(createTcpServer());
  const full = await fullListener();
  return {
    probe: tcpProbe(),
    healthy: healthy.of,
    sick: await closedPort(),
    silent: full.of,
    broken: { probe: tcpProbe(), of: { target } },
    cleanup: () => closeAll([healthy, full]),
  };
});

/** A stopped process whose accept queue is full: the kernel drops what else comes. */
async function fullListener(): Promise<{ of: ProbeTarget; close: () => Promise<void> }> {
  const script = `const s = require("net").createServer();
    s.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(s.address().port));`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [text] = await once(child.stdout, "data");
  const port = Number(String(text));
  child.kill("SIGSTOP");
  const waiting = Array.from({ length: 4 }, () => connect({ host: "127.0.0.1", port }));
  for (const socket of waiting) socket.on("error", () => {});
  await Promise.all(waiting.slice(0, 2).map((socket) => once(socket, "connect")));
  const close = async (): Promise<void> => {
    for (const socket of waiting) socket.destroy();
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return { of: { target, port }, close };
}

async function check(
  probe: Probe,
  of: ProbeTarget,
  ms = 5_000,
): Promise<readonly [number, string]> {
  const { signal, done } = deadline(systemClock, ms);
  try {
    const readings = await probe.check(of, { signal, clock: systemClock, log: silentLog });
    const sign = readings.find(({ metric }) => metric === "probe");
    return [sign?.value ?? Number.NaN, sign?.note ?? ""];
  } finally {
    done();
  }
}

describe("http probe", () => {
  const seen: string[] = [];
  let server: { of: ProbeTarget; close: () => Promise<void> };
  const pages: Readonly<Record<string, RequestListener>> = {
    "/moved": (_, response) => response.writeHead(302, { location: "/nowhere" }).end(),
    "/sick": (_, response) =>
      response.writeHead(503).end(`db\r\n down, password=hunter2 ${"x".repeat(500)}`),
    "/teapot": (_, response) => response.writeHead(418).end(),
    "/cut": (_, response) => {
      response.writeHead(200, { "content-length": "100" }).write("half");
      setImmediate(() => response.destroy());
    },
    "/stuck": (_, response) => void response.writeHead(200).write("half"),
    "/endless": (_, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (response.write("x".repeat(10_000)));
      };
      response.on("drain", more);
      more();
    },
    "/drop": (request) => void request.socket.destroy(),
  };
  before(async () => {
    server = await listen(
      createServer((request, response) => {
        seen.push(`${request.method} ${request.url} ${request.headers.connection}`);
        const page = pages[request.url ?? ""];
        if (page) page(request, response);
        else response.end("ok");
      }),
    );
  });
  after(() => server.close());
  const at = (path: string, ms?: number): Promise<readonly [number, string]> =>
    check(httpProbe({ path }), server.of, ms);

  it("asks by GET on a connection of its own", async () => {
    assert.deepEqual(await at("health"), [1, ""]);
    assert.equal(seen.at(-1), "GET /health close");
  });

  it("takes 3xx for healthy and does not follow it", async () => {
    assert.deepEqual(await at("/moved"), [1, ""]);
    assert.equal(seen.at(-1), "GET /moved close");
  });

  it("says the status and 120 characters of the body, without secrets", async () => {
    const [value, note] = await at("/sick");
    assert.equal(value, 0);
    assert.match(note, /^status 503: db down, password=\*\*\* x{80,}…$/);
    assert.equal(note.length, "status 503: ".length + 121);
    assert.deepEqual(await at("/teapot"), [0, "status 418"]);
  });

  it("takes only the statuses that it is told", async () => {
    const probe = httpProbe({ path: "/teapot", status: [418] });
    assert.deepEqual(await check(probe, server.of), [1, ""]);
    const strict = httpProbe({ path: "/moved", status: [200, 204] });
    assert.deepEqual(await check(strict, server.of), [0, "status 302"]);
  });

  it("tells a refused, a dropped and a cut connection from a hang", async () => {
    assert.deepEqual(await check(httpProbe({ path: "/" }), await closedPort()), [
      0,
      "connection refused",
    ]);
    assert.deepEqual(await at("/drop"), [0, "connection closed before the answer"]);
    assert.deepEqual(await at("/cut"), [0, "connection closed before the answer"]);
  });

  it("calls a body that does not end a hang, and a long one enough", async () => {
    assert.deepEqual(await at("/stuck", 150), [
      0,
      "no answer within 150 ms (status 200 came, its body did not end)",
    ]);
    assert.deepEqual(await at("/endless"), [1, ""]);
  });

  it("calls something else than HTTP sick", async () => {
    const other = await listen(createTcpServer((socket) => socket.end("SSH-2.0\r\n")));
    const [value, note] = await check(httpProbe({ path: "/" }), other.of);
    await other.close();
    assert.equal(value, 0);
    assert.match(note, /^the answer is not HTTP/);
  });

  it("is broken without a port", async () => {
    await assert.rejects(check(httpProbe({ path: "/" }), { target }), { code: "CONFIG_INVALID" });
  });
});
