// The three probes against real sockets and processes: what they call healthy, sick and silent.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { deadline, systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { execProbe } from "../../src/probes/exec.ts";
import { httpProbe } from "../../src/probes/http.ts";
import type { Probe, ProbeTarget } from "../../src/probes/probe.ts";
import { tcpProbe } from "../../src/probes/tcp.ts";
import { probeConformance } from "../../src/testing/probe-conformance.ts";
import { eventually } from "../../src/testing/waiting.ts";

const target = "web/1";

async function listen(server: Server): Promise<{ of: ProbeTarget; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  return { of: { target, port }, close };
}

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
    cleanup: () => closeAll([healthy, sick, silent]),
  };
});

probeConformance("tcp", async () => {
  const healthy = await listen(createTcpServer());
  const sick = await closedPort();
  return { probe: tcpProbe(), healthy: healthy.of, sick, cleanup: () => closeAll([healthy]) };
});

const byPort = "case $PORT in 1) exit 0;; 2) echo not well; exit 4;; *) sleep 60 & sleep 60;; esac";

probeConformance("exec", async () => {
  const exec = (...command: string[]): Probe =>
    execProbe({ command, cwd: "/", env: { PATH: "/usr/bin:/bin" } });
  return {
    probe: exec("/bin/sh", "-c", byPort),
    healthy: { target, port: 1 },
    sick: { target, port: 2 },
    silent: { target, port: 3 },
    broken: exec("no-such-command"),
    cleanup: () => {},
  };
});

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
    await assert.rejects(check(tcpProbe(), { target }), { code: "CONFIG_INVALID" });
  });
});

describe("exec probe", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "homeostat-exec-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const shell = (script: string, ms?: number): Promise<readonly [number, string]> =>
    check(execProbe({ command: ["/bin/sh", "-c", script], cwd: folder }), { target, port: 9 }, ms);

  it("says the exit code and 200 characters of the output, without secrets", async () => {
    const [value, note] = await shell("echo db_password=hunter2; printf %0500d 0 >&2; exit 3");
    assert.equal(value, 0);
    assert.match(note, /^exit code 3: (db_password=\*\*\* 0+|0+)…$/);
    assert.equal(note.length, "exit code 3: ".length + 201);
    assert.deepEqual(await shell("exit 1"), [0, "exit code 1"]);
    assert.deepEqual(await shell("kill -9 $$"), [0, "killed by SIGKILL"]);
  });

  it("takes its arguments as they are", async () => {
    const probe = execProbe({ command: ["test", "$HOME; echo", "=", "$HOME; echo"], cwd: folder });
    assert.deepEqual(await check(probe, { target }), [1, ""]);
  });

  it("gives exactly the environment, the port and the name", async () => {
    const file = join(folder, "env");
    const probe = execProbe({
      command: ["/bin/sh", "-c", `env > ${file}`],
      cwd: folder,
      env: { PATH: "/usr/bin:/bin", A: "b" },
    });
    assert.deepEqual(await check(probe, { target, port: 9 }), [1, ""]);
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    assert.deepEqual(lines.filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line)).sort(), [
      "A=b",
      "HOMEOSTAT_INSTANCE=web/1",
      "PATH=/usr/bin:/bin",
      "PORT=9",
    ]);
  });

  it("ends what it started when its time is over, or when it leaves something behind", async () => {
    const isGone = (name: string): boolean => !existsSync(`/proc/${pidIn(join(folder, name))}`);
    const script = (name: string): string => `sleep 60 & echo $! > ${name};`;
    assert.deepEqual(await shell(`${script("a")} wait`, 300), [0, "no answer within 300 ms"]);
    await eventually("the one of the hung probe is gone", () => isGone("a"));
    assert.deepEqual(await shell(`${script("b")} exit 0`), [1, ""]);
    await eventually("the one of the finished probe is gone", () => isGone("b"));
  });

  it("is not held up by output that does not end", async () => {
    const [value, note] = await shell("yes abcdefg & sleep 0.2; exit 2");
    assert.equal(value, 0);
    assert.match(note, /^exit code 2: abcdefg abcdefg/);
    assert.deepEqual(await shell("setsid sleep 2 & echo late >&2; exit 2"), [
      0,
      "exit code 2: late",
    ]);
  });

  it("throws when it cannot run: that says nothing about the instance", async () => {
    const nowhere = execProbe({ command: ["true"], cwd: join(folder, "nowhere") });
    await assert.rejects(check(nowhere, { target }), { code: "SPAWN_FAILED" });
    writeFileSync(join(folder, "text"), "not a program");
    const text = execProbe({ command: [join(folder, "text")], cwd: folder });
    await assert.rejects(check(text, { target }), { code: "SPAWN_FAILED" });
    await assert.rejects(check(execProbe({ command: [], cwd: "/" }), { target }), /exec probe/);
  });
});

function pidIn(file: string): string {
  return readFileSync(file, "utf8").trim();
}
