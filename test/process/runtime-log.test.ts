// The log against real files, sockets and processes that end.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { fileSink } from "../../src/runtime/log/file.ts";
import { createLog } from "../../src/runtime/log/log.ts";
import type { Line, Sink } from "../../src/runtime/log/sink.ts";
import { syslogSink } from "../../src/runtime/log/syslog.ts";
import { eventually } from "../../src/testing/waiting.ts";
import { parseSyslog, type SyslogMessage, unframe } from "../support/syslog-grammar.ts";

const writer = join(import.meta.dirname, "support", "log-writer.ts");
const folder = mkdtempSync(join(tmpdir(), "homeostat-log-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let folders = 0;
function fresh(): string {
  const path = join(folder, String(folders++));
  mkdirSync(path);
  return path;
}

function start(...words: string[]) {
  const child = spawn(process.execPath, ["--conditions=source", writer, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const ended = once(child, "close").then(() => ({ code: child.exitCode, out, err }));
  return { child, ended };
}

/** The lines of all files of a log, the oldest file first. */
function linesIn(path: string): readonly string[] {
  const number = (name: string): number => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
  return readdirSync(path)
    .sort((a, b) => number(b) - number(a))
    .flatMap((name) => {
      const text = readFileSync(join(path, name), "utf8");
      assert.ok(text === "" || text.endsWith("\n"), `${name} ends within a line`);
      return text.split("\n").slice(0, -1);
    });
}

function memory(): Sink & { readonly messages: string[] } {
  const messages: string[] = [];
  return { name: "memory", messages, write: (line: Line) => void messages.push(line.message) };
}

test("three processes write to one file that rotates under them: no line is lost, torn or twice", async () => {
  const path = fresh();
  const names = ["ada", "bob", "cyd"];
  const count = 2_000;
  const all = names.map((name) => start("burst", join(path, "app.log"), name, String(count)));
  for (const { ended } of all) {
    const { code, out, err } = await ended;
    assert.deepEqual([code, err, JSON.parse(out)], [0, "", { file: 0 }]);
  }
  const files = readdirSync(path);
  assert.ok(files.length > 3, `${files.length} files`);
  assert.ok(!files.includes("app.log.lock"));
  const lines = linesIn(path);
  for (const name of names) {
    const own = lines.filter((line) => line.includes(` ${name} main `));
    const said = own.map((line) => {
      const [, i, filling = ""] =
        /^\S{24} \w+ main \[INFO\] line i=(\d+) filling=(?:""|(x+))$/.exec(line) ??
        assert.fail(line);
      assert.equal(filling.length, Number(i) % 90);
      return Number(i);
    });
    assert.equal(said.length, count);
    assert.deepEqual(new Set(said).size, count);
  }
  assert.equal(lines.length, names.length * count);
});

for (const [end, code] of [
  ["exit", 3],
  ["throw", 1],
] as const) {
  test(`what waits when the process ends by ${end} is in the file`, async () => {
    const path = fresh();
    const ended = await start("sudden", join(path, "app.log"), end).ended;
    assert.equal(ended.code, code, ended.err);
    const said = linesIn(path).map((line) => Number(/ i=(\d+)$/.exec(line)?.[1]));
    assert.deepEqual(
      [...new Set(said)].sort((a, b) => a - b),
      Array.from({ length: 200 }, (_, i) => i),
    );
  });
}

test("only so many rotated files are kept, none larger than the limit", async () => {
  const path = fresh();
  const sink = fileSink({
    path: join(path, "deep", "app.log"),
    maxBytes: 1_000,
    maxFiles: 3,
    format: "json",
  });
  const log = createLog({ app: "shop", sinks: [sink] });
  for (let i = 0; i < 100; i++) log.info("line", { i });
  assert.equal(await log.flush(), true);
  await log.close();
  const names = readdirSync(join(path, "deep")).sort();
  assert.deepEqual(names, ["app.log", "app.log.1", "app.log.2", "app.log.3"]);
  const said = linesIn(join(path, "deep")).map((line) => Number(JSON.parse(line).i));
  assert.deepEqual(
    said,
    Array.from({ length: said.length }, (_, i) => 100 - said.length + i),
  );
  for (const name of names) {
    assert.ok(readFileSync(join(path, "deep", name)).length <= 1_000);
  }
  log.info("after the end");
  assert.deepEqual(log.dropped(), { file: 1 });
});

test("a file that was moved away, by whomever, is noticed", async () => {
  const path = join(fresh(), "app.log");
  const log = createLog({ app: "shop", sinks: [fileSink({ path })] });
  log.info("first");
  await log.flush();
  renameSync(path, `${path}.moved`);
  log.info("second");
  await log.flush();
  unlinkSync(path);
  log.info("third");
  await log.close();
  assert.match(readFileSync(`${path}.moved`, "utf8"), /first\n$/);
  assert.match(readFileSync(path, "utf8"), /^\S+ shop main \[INFO\] third\n$/);
});

test("a disk that takes nothing costs the oldest lines, is told once, and is tried again", async () => {
  const path = fresh();
  const blocked = join(path, "blocked");
  writeFileSync(blocked, "a file where the folder should be");
  const other = memory();
  const sink = fileSink({ path: join(blocked, "app.log"), maxBufferBytes: 5_000 });
  const log = createLog({ app: "shop", sinks: [sink, other] });
  for (let i = 0; i < 200; i++) log.info("line", { i });
  assert.equal(await log.flush(), false);
  const told = other.messages.filter((message) => message !== "line");
  assert.deepEqual(told, ["the log file cannot be written"]);
  unlinkSync(blocked);
  await eventually("it is written again", () =>
    other.messages.includes("the log file is written again"),
  );
  await log.close();
  const said = linesIn(blocked).map((line) => Number(/ i=(\d+)$/.exec(line)?.[1]));
  const kept = said.filter((i) => !Number.isNaN(i));
  assert.ok(kept.length > 50 && kept.length < 200, `${kept.length} lines`);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, i) => 200 - kept.length + i),
  );
  const lost = log.dropped().file ?? 0;
  assert.equal(kept.length + lost, 200);
});

/** A server of framed messages; what it got is parsed by the grammar. */
function framed(server: Server) {
  const got: SyslogMessage[] = [];
  const sockets = new Set<Socket>();
  const take = (socket: Socket): void => {
    let rest: Buffer = Buffer.alloc(0);
    sockets.add(socket);
    socket.on("data", (chunk) => {
      const read = unframe(Buffer.concat([rest, chunk]));
      rest = Buffer.from(read.rest);
      got.push(...read.messages.map(parseSyslog));
    });
    socket.on("error", () => {});
  };
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  };
  return { got, take, close };
}

async function listening(server: Server, port = 0): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("syslog over UDP: one message of the grammar a datagram", async () => {
  const server = createSocket("udp4");
  const got: SyslogMessage[] = [];
  server.on("message", (bytes) => got.push(parseSyslog(bytes)));
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  const address = `udp://localhost:${server.address().port}`;
  const log = createLog({ app: "shop", sinks: [syslogSink({ address, hostname: "host-1" })] });
  const ping = "https://hc-ping.com/3f1c9a52-6a8e-4a54-9d2c-1b7f0c5d4e21";
  log.debug("left out: syslog gets info and above");
  log.info("grüße", { HC_PING_URL: ping });
  log.named("db").error("long", { text: "é".repeat(3_000) });
  assert.equal(await log.flush(), true);
  await eventually("both came", () => got.length === 2);
  await log.close();
  server.close();
  const [first, second] = got;
  assert.equal(first?.text, "main [INFO] grüße HC_PING_URL=https://hc-ping.com/***");
  assert.deepEqual([first?.facility, first?.severity, first?.hostname], [1, 6, "host-1"]);
  assert.deepEqual([first?.app, first?.processId], ["shop", String(process.pid)]);
  assert.deepEqual([second?.severity, second?.messageId], [3, "db"]);
  assert.ok((second?.text.length ?? 0) < 2_048);
});

test("syslog over TCP: framed, and what was said while the server was away comes after", async () => {
  const first = createServer();
  const world = framed(first);
  first.on("connection", world.take);
  const port = await listening(first);
  const other = memory();
  const log = createLog({
    app: "shop",
    sinks: [syslogSink({ address: `tcp://127.0.0.1:${port}` }), other],
  });
  for (let i = 0; i < 100; i++) log.info("before", { i });
  await eventually("100 came", () => world.got.length === 100);
  await world.close();
  await eventually("it is told", () => other.messages.includes("syslog cannot be reached"));
  for (let i = 0; i < 100; i++) log.info("away", { i });

  const second = createServer();
  const again = framed(second);
  second.on("connection", again.take);
  await listening(second, port);
  assert.equal(await log.flush(10_000), true);
  await eventually("the rest came", () => again.got.length === 100);
  assert.deepEqual(
    again.got.map(({ text }) => text),
    Array.from({ length: 100 }, (_, i) => `main [INFO] away i=${i}`),
  );
  await eventually("that it is back is told", () =>
    other.messages.includes("syslog is there again"),
  );
  assert.deepEqual(log.dropped(), { syslog: 0, memory: 0 });
  await log.close();
  await again.close();
});

test("a syslog server that does not read costs the oldest lines, not memory or time", async () => {
  const server = createServer((socket) => {
    socket.pause();
    socket.on("error", () => {});
    server.on("close", () => socket.destroy());
    held = socket;
  });
  let held: Socket | undefined;
  const port = await listening(server);
  const sink = syslogSink({ address: `tcp://127.0.0.1:${port}`, maxBufferBytes: 100_000 });
  const log = createLog({ app: "shop", sinks: [sink] });
  for (let i = 0; i < 6_000; i++) {
    log.info("x".repeat(3_000));
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok((log.dropped().syslog ?? 0) > 0);
  assert.equal(await log.flush(100), false);
  await log.close(100);
  held?.destroy();
  server.close();
});

test("syslog over TLS: the certificate is verified", async () => {
  const path = fresh();
  const [key, cert] = [join(path, "key.pem"), join(path, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const files = ["-keyout", key, "-out", cert, "-days", "2"];
  execFileSync("openssl", ["req", "-x509", "-nodes", ...curve, ...files, ...subject], {
    stdio: "pipe",
  });
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) });
  const world = framed(server);
  server.on("secureConnection", world.take);
  const address = `tls://localhost:${await listening(server)}`;
  const other = memory();
  const trusting = createLog({
    app: "shop",
    sinks: [syslogSink({ address, tls: { ca: readFileSync(cert) } })],
  });
  const wary = createLog({ app: "shop", sinks: [syslogSink({ address }), other] });
  trusting.info("told in private");
  wary.info("not told to just anybody");
  assert.equal(await trusting.flush(10_000), true);
  await eventually("it came", () => world.got.length === 1);
  await eventually("it is told", () => other.messages.includes("syslog cannot be reached"));
  assert.equal(world.got[0]?.text, "main [INFO] told in private");
  await Promise.all([trusting.close(), wary.close(50)]);
  await world.close();
});

test("a log keeps no process alive, whatever is away", async () => {
  const closed = createServer();
  const port = await listening(closed);
  closed.close();
  const path = join(fresh(), "app.log");
  const { code, out, err } = await start("idle", path, `tcp://127.0.0.1:${port}`).ended;
  assert.equal(code, 0);
  assert.match(out, /"message":"all is said"/);
  assert.match(err, /"level":"error"/);
  assert.match(readFileSync(path, "utf8"), /all is said/);
});

test("a process goes on when nobody reads its output any more", async () => {
  const path = join(fresh(), "app.log");
  const { child, ended } = start("unread", path);
  await once(child.stdout, "data");
  child.stdout.destroy();
  const { code } = await ended;
  assert.equal(code, 7);
  const text = readFileSync(path, "utf8");
  assert.match(text, /\[WARN\] nobody reads the console any more.*EPIPE/);
  assert.match(text, /i=49\n$/);
});

test("worker threads have names", async () => {
  const { out, err } = await start("threads").ended;
  const names = out
    .split("\n")
    .slice(0, -1)
    .map((line) => String(JSON.parse(line).thread))
    .sort();
  const named = Number(process.versions.node.split(".")[0]) >= 24;
  assert.deepEqual(names, named ? ["mail_out", "worker-1"] : ["worker-1", "worker-2"], err);
});
