// Logs as people and other machines get them: `homeostat logs`, and forwarding, with a real daemon.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { fileURLToPath } from "node:url";
import { archivesOf } from "../../src/platforms/log/archives.ts";
import { parseSyslog, type SyslogMessage, unframe } from "../support/syslog-grammar.ts";
import { exited, until } from "./support/project.ts";
import { project } from "./support/trial.ts";

const side = { concurrency: 2, timeout: 60_000 };
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const entry = at("../../src/cli/main.ts");

interface Shell {
  readonly folder: string;
  readonly logs: string;
  start(...args: readonly string[]): { readonly child: ChildProcess; readonly out: () => string };
  run(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }>;
}

/** A project folder in which no daemon runs. */
function shell(t: TestContext): Shell {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-logs-"));
  const logs = join(folder, ".homeostat", "logs");
  mkdirSync(logs, { recursive: true });
  const children: ChildProcess[] = [];
  t.after(() => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  const launch = (args: readonly string[]) => {
    const child = spawn(process.execPath, ["--conditions=source", ...args]);
    children.push(child);
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    return { child, out: () => out, err: () => err };
  };
  return {
    ...{ folder, logs },
    start: (...args) => launch(args),
    run: async (...args) => {
      const { child, out, err } = launch([entry, "--folder", folder, "logs", ...args]);
      await once(child, "close");
      return { code: child.exitCode, out: out(), err: err() };
    },
  };
}

describe("homeostat logs without a daemon", side, () => {
  test("merges by time, keeps stacks together, and finds what it is asked for", async (t) => {
    const it = shell(t);
    const web = [
      "2026-11-21T03:00:01.000Z web [INFO] first",
      "2026-11-21T03:00:03.000Z web [ERROR] TypeError: x",
      "    at f (web.js:1:2)",
      '{"time":"2026-11-21T03:00:05.000Z","level":"info","msg":"fifth","n":5}',
    ];
    const api = [
      "2026-11-21T03:00:02.000Z api [INFO] second",
      "2026-11-21T03:00:04.000Z api fourth",
    ];
    appendFileSync(join(it.logs, "web-1.log"), web.map((line) => `${line}\n`).join(""));
    appendFileSync(join(it.logs, "api-1.log"), api.map((line) => `${line}\n`).join(""));
    const all = await it.run();
    assert.equal(all.code, 0);
    const [one, two, ...rest] = all.out.trimEnd().split("\n");
    assert.deepEqual([one, two], [`web-1 ${web[0]}`, `api-1 ${api[0]}`]);
    assert.deepEqual(rest, [
      `web-1 ${web[1]}`,
      `web-1 ${web[2]}`,
      `api-1 ${api[1]}`,
      `web-1 ${web[3]}`,
    ]);
    const errors = await it.run("--errors");
    assert.deepEqual(errors.out.trimEnd().split("\n"), [`web-1 ${web[1]}`, `web-1 ${web[2]}`]);
    const grep = await it.run("--grep", "fifth|second", "--json");
    const [second, fifth] = grep.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual([second.log, second.level], ["api-1", "info"]);
    assert.deepEqual(
      [fifth.message, fifth.fields, fifth.time],
      ["fifth", { n: 5 }, "2026-11-21T03:00:05.000Z"],
    );
    const since = await it.run("web", "--since", "2026-11-21T03:00:04Z", "-t");
    assert.match(since.out, /^web-1 \d{4}-\d\d-\d\d \d\d:00:05\.000 \{/);
    assert.equal(since.out.trimEnd().split("\n").length, 1);
    const last = await it.run("web/1", "-n", "1");
    assert.equal(last.out, `web-1 ${web[3]}\n`);
    const wrong = await it.run("--since", "soon");
    assert.equal(wrong.code, 78);
    assert.match(wrong.err, /^--since: expected a duration such as "10m".*got "soon"/);
  });

  test("follows through rotations and a new instance, and Ctrl-C ends it clean", async (t) => {
    const it = shell(t);
    const path = join(it.logs, "web-1.log");
    appendFileSync(path, "");
    const keeper = it.start(at("./support/log-keeper.ts"), it.logs, "400000", "2000000");
    const { child, out } = it.start(entry, "--folder", it.folder, "logs", "-f", "-n", "0", "web");
    // It follows once it has shown a line.
    await until("it follows", 20_000, async () => {
      appendFileSync(join(it.logs, "web-9.log"), "begin\n");
      return out().includes("begin") || undefined;
    });
    const count = 60_000;
    for (let n = 0; n < count; n += 1_000) {
      const lines = Array.from(
        { length: 1_000 },
        (_, i) => `${String(n + i).padStart(7, "0")} ${"x".repeat(90)}\n`,
      );
      appendFileSync(path, lines.join(""));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    appendFileSync(join(it.logs, "web-10.log"), "from a new one\n");
    await until("all lines", 20_000, async () => {
      return (
        (out().includes(`web-1 ${String(count - 1).padStart(7, "0")}`) &&
          out().includes("web-10 from a new one")) ||
        undefined
      );
    });
    child.kill("SIGINT");
    assert.equal(await exited(child, 10_000), 0);
    keeper.child.kill("SIGTERM");
    assert.ok(archivesOf(path).length >= 5, `${archivesOf(path).length}`);
    const numbers = out()
      .split("\n")
      .filter((line) => line.startsWith("web-1 "))
      .map((line) => Number(line.slice(6, 13)));
    assert.equal(numbers.length, count);
    assert.ok(
      numbers.every((number, i) => number === i),
      "each once, in order",
    );
    // What was rotated is found in the archives, without a daemon.
    const old = await it.run("web/1", "--grep", "^0000007 ");
    assert.match(old.out, /^web-1 0000007 x+\n$/);
    const many = await it.run("web/1", "-n", "50000");
    assert.equal(many.out.split("\n").length - 1, 50_000);
  });
});

describe("a daemon's logs", side, () => {
  test("are forwarded over UDP, TCP and TLS, chatty ones cut, closed outputs and all", async (t) => {
    const udp = await receiveUdp(t);
    const tcp = await receiveStream(t, createServer());
    const certificate = makeCertificate(t);
    const tls = await receiveStream(t, createTlsServer(certificate));
    const line = "process.stdout.write";
    const chatty = `let n = 0; setInterval(() => { for (let i = 0; i < 50; i++) console.log('many', n++) }, 50)`;
    const here = await project(t, () => ({
      logs: {
        size: "20KB",
        rate: 100,
        forward: [
          { syslog: `udp://127.0.0.1:${udp.port}` },
          { syslog: `tcp://127.0.0.1:${tcp.port}` },
          { syslog: `tls://localhost:${tls.port}`, ca: certificate.path },
          { stdout: true },
        ],
      },
      services: {
        web: {
          command: [
            process.execPath,
            "-e",
            // Again and again: a datagram may be lost where the receiver is busy.
            `setInterval(() => { ${line}('{"level":50,"msg":"sick","n":1}\\n'); console.log('grüß') }, 200)`,
          ],
        },
        chatty: { command: [process.execPath, "-e", chatty] },
        mute: { command: ["/bin/sh", "-c", "echo last; exec >&- 2>&-; exec sleep 600"] },
      },
    }));
    const daemon = await here.up();
    for (const got of [udp.got, tcp.got, tls.got]) {
      const find = (app: string, text: RegExp) => () =>
        Promise.resolve(got.find((it) => it.app === app && text.test(it.text)));
      const sick = await until("a JSON line", 20_000, find("web", /"msg":"sick"/));
      assert.deepEqual([sick.severity, sick.facility, sick.processId], [3, 1, "1"]);
      // Said once, and so for streams only.
      if (got !== udp.got) {
        await until("a line of a closed output", 20_000, find("mute", /^last$/));
      }
      await until("UTF-8", 20_000, find("web", /grüß/));
      const cut = await until(
        "a count",
        20_000,
        find("chatty", /lines cut: more than 100 a second/),
      );
      assert.ok(Number(/\d+/.exec(cut.text)?.[0]) > 0);
      assert.ok(got.filter((it) => it.text.startsWith("many")).length > 50);
    }
    assert.match(here.log(), /^web-1 \{"level":50/m);
    const folder = join(here.state, "logs");
    await until("rotation", 20_000, async () => archivesOf(join(folder, "chatty-1.log"))[0]);
    const { out } = await here.cli("logs", "chatty", "--since", "1m");
    const numbers = [...out.matchAll(/^chatty-1 many (\d+)$/gm)].map(([, n]) => Number(n));
    assert.ok(numbers.length > 200 && numbers.every((n, i) => n === i), `${numbers.length}`);
    daemon.kill("SIGTERM");
    assert.equal(await exited(daemon, 20_000), 0);
  });
});

interface Received {
  readonly port: number;
  readonly got: readonly SyslogMessage[];
}

async function receiveUdp(t: TestContext): Promise<Received> {
  const got: SyslogMessage[] = [];
  const socket = createSocket("udp4", (bytes) => void got.push(parseSyslog(bytes)));
  t.after(() => socket.close());
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { got, port: socket.address().port };
}

async function receiveStream(
  t: TestContext,
  server: ReturnType<typeof createServer>,
): Promise<Received> {
  const got: SyslogMessage[] = [];
  const sockets = new Set<Socket>();
  const onSocket = (socket: Socket): void => {
    sockets.add(socket);
    let rest: Buffer = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      const { messages, rest: left } = unframe(Buffer.concat([rest, chunk]));
      rest = left;
      for (const message of messages) got.push(parseSyslog(message));
    });
  };
  server.on("connection", (socket) => sockets.add(socket));
  server.on("secureConnection", onSocket);
  if (!("setSecureContext" in server)) server.on("connection", onSocket);
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { got, port: (server.address() as AddressInfo).port };
}

function makeCertificate(t: TestContext): {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly path: string;
} {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-cert-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const made = spawnSync("openssl", [
    ...kind,
    "-keyout",
    key,
    "-out",
    cert,
    "-days",
    "2",
    ...subject,
  ]);
  assert.equal(made.status, 0, String(made.stderr));
  return { key: readFileSync(key), cert: readFileSync(cert), path: cert };
}
