// The ready-made checks against sockets: stubs that speak the real bytes, and real servers.

import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer as createWeb } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { findProgram } from "../../scripts/apt.ts";
import { httpCheck } from "../../src/runtime/health/checks/http.ts";
import { postgresCheck } from "../../src/runtime/health/checks/postgres.ts";
import { rabbitmqCheck } from "../../src/runtime/health/checks/rabbitmq.ts";
import { redisCheck } from "../../src/runtime/health/checks/redis.ts";
import { tcpCheck } from "../../src/runtime/health/checks/tcp.ts";
import { createHealth } from "../../src/runtime/health/health.ts";
import type { Check } from "../../src/runtime/parts/health.ts";
import { onlyOursHolds } from "../support/fault.ts";

/** What the check says through the health of an app, as a user would see it. */
async function ask(check: Check, timeoutMs = 5_000): Promise<string> {
  const health = createHealth();
  health.register("it", check, { timeoutMs });
  const { status, reason } = await health.check("it");
  return reason === undefined ? status : `${status}: ${reason}`;
}

interface Stub {
  readonly port: number;
  /** What the last client said, and whether it hung up. */
  readonly said: () => string;
  readonly gone: () => Promise<void>;
}

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

/** Answers each client's first words with `parts`, one after another. */
async function stub(...parts: readonly (string | Buffer)[]): Promise<Stub> {
  let said = "";
  const left = Promise.withResolvers<void>();
  const talk = async (socket: Socket): Promise<void> => {
    for (const part of parts) {
      socket.write(typeof part === "string" ? Buffer.from(part, "latin1") : part);
      await wait(5);
    }
  };
  const server = createServer((socket) => {
    said = "";
    let spoken = false;
    socket.on("data", (chunk) => {
      said += chunk.toString("latin1");
      if (!spoken) void talk(socket);
      spoken = true;
    });
    socket.on("error", () => {});
    socket.on("close", () => left.resolve());
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, said: () => said, gone: () => left.promise };
}

/** A port that nobody listens on, and nobody will: it is the near end of a connection that stays. */
async function closedPort(): Promise<number> {
  const { port } = await stub();
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  after(() => socket.destroy());
  return socket.localPort ?? 0;
}

/** One message of PostgreSQL: a type, the length with itself, the body. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const authentication = (code: number): Buffer => {
  const body = Buffer.alloc(4);
  body.writeInt32BE(code);
  return message("R", body);
};
const refusal = (code: string, text: string): Buffer =>
  message("E", Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`));
const readyForQuery = message("Z", Buffer.from("I"));

test("every check over a socket: refused, silent, closed at once, another protocol, too long", async () => {
  const nobody = await closedPort();
  const silent = await stub();
  const web = await stub("HTTP/1.1 400 Bad Request\r\n\r\n");
  const closing = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(closing, "listening");
  servers.push(closing);
  const kinds: Readonly<Record<string, (port: number) => Check>> = {
    Redis: (port) => redisCheck({ port }),
    AMQP: (port) => rabbitmqCheck({ port }),
    PostgreSQL: (port) => postgresCheck({ port }),
    HTTP: (port) => httpCheck(`http://127.0.0.1:${port}/`),
  };
  for (const [protocol, check] of Object.entries(kinds)) {
    assert.equal(await ask(check(nobody)), "unhealthy: connection refused");
    assert.equal(await ask(check(silent.port), 80), "unhealthy: no answer within 80 ms");
    const { port } = closing.address() as AddressInfo;
    assert.match(await ask(check(port)), /^unhealthy: connection closed (?:before|without)/);
    if (protocol === "HTTP") continue;
    assert.equal(await ask(check(web.port)), `unhealthy: the answer is not ${protocol}`);
  }
  const flood = await stub(`+${"x".repeat(70_000)}`);
  assert.equal(
    await ask(redisCheck({ port: flood.port })),
    "unhealthy: the answer is longer than 65536 bytes",
  );
  await flood.gone();
  await silent.gone();
});

test("tcp: healthy when somebody listens, on a Unix socket too", async () => {
  const { port, gone } = await stub();
  assert.equal(await ask(tcpCheck({ port })), "healthy");
  await gone();
  assert.equal(await ask(tcpCheck({ port: await closedPort() })), "unhealthy: connection refused");
  assert.equal(await ask(tcpCheck({ path: "/no such socket" })), "unhealthy: no such socket");
});

test("http: status, body, headers; the body is read within a bound", async () => {
  const asked: (string | undefined)[] = [];
  const web = createWeb((request, response) => {
    asked.push(request.headers["x-probe"] as string | undefined);
    if (request.url === "/endless") return void endless(response);
    response.statusCode = request.url === "/sick" ? 500 : 200;
    response.end(request.url === "/search" ? "12 results" : "fine");
  });
  const endless = async (response: NodeJS.WritableStream): Promise<void> => {
    for (let i = 0; i < 100 && response.writable; i++) {
      response.write("x".repeat(4_096));
      await wait(1);
    }
  };
  web.listen(0, "127.0.0.1");
  await once(web, "listening");
  const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  assert.equal(await ask(httpCheck(url)), "healthy");
  assert.equal(await ask(httpCheck({ url, headers: { "x-probe": "me" } })), "healthy");
  assert.equal(asked.at(-1), "me");
  assert.equal(await ask(httpCheck(`${url}/sick`)), "unhealthy: status 500");
  assert.equal(await ask(httpCheck({ url: `${url}/sick`, status: [500] })), "healthy");
  assert.equal(await ask(httpCheck({ url: `${url}/search`, contains: "results" })), "healthy");
  assert.equal(
    await ask(httpCheck({ url, contains: "results" })),
    "unhealthy: status 200, but the body does not contain what it should",
  );
  assert.equal(await ask(httpCheck(`${url}/endless`)), "healthy");
  web.closeAllConnections();
  web.close();
});

test("redis: PONG, also in pieces; NOAUTH is there; LOADING and its like are unhealthy", async () => {
  const pong = await stub("+PO", "NG\r\n");
  assert.equal(await ask(redisCheck({ port: pong.port })), "healthy");
  await pong.gone();
  assert.equal(pong.said(), "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nQUIT\r\n");
  const locked = await stub("-NOAUTH Authentication required.\r\n");
  assert.equal(await ask(redisCheck({ port: locked.port })), "healthy");
  const loading = await stub("-LOADING Redis is loading the dataset in memory\r\n");
  assert.equal(
    await ask(redisCheck({ port: loading.port })),
    "unhealthy: Redis answered: LOADING Redis is loading the dataset in memory",
  );
});

test("redis: the login comes first, and its password is never shown", async () => {
  const open = await stub("+OK\r\n+PONG\r\n");
  const password = "p\r\nFLUSHALL\r\n";
  assert.equal(await ask(redisCheck({ port: open.port, username: "u", password })), "healthy");
  await open.gone();
  assert.ok(open.said().startsWith(`*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$13\r\n${password}\r\n*1\r\n`));
  const closed = await stub("-WRONGPASS invalid username-password pair\r\n");
  const told = await ask(redisCheck({ port: closed.port, password: "hunter2" }));
  assert.match(told, /^unhealthy: Redis answered: WRONGPASS/);
  assert.doesNotMatch(told, /hunter2/);
});

test("rabbitmq: Connection.Start, also in pieces; another version and half a frame are told", async () => {
  const body = Buffer.concat([Buffer.from([0, 10, 0, 10, 0, 9]), Buffer.alloc(500)]);
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(body.length, 3);
  const frame = Buffer.concat([head, body, Buffer.from([0xce])]);
  const broker = await stub(frame.subarray(0, 5), frame.subarray(5, 200), frame.subarray(200));
  assert.equal(await ask(rabbitmqCheck({ port: broker.port })), "healthy");
  assert.equal(broker.said(), "AMQP\0\0\x09\x01");
  const other = await stub("AMQP\0\x01\0\0");
  assert.equal(
    await ask(rabbitmqCheck({ port: other.port })),
    "unhealthy: the broker speaks AMQP 1-0-0, not 0-9-1",
  );
  const half = await stub(frame.subarray(0, 100));
  assert.match(await ask(rabbitmqCheck({ port: half.port }), 80), /^unhealthy: no answer within/);
  const wrong = Buffer.from(frame);
  wrong[wrong.length - 1] = 0;
  const broken = await stub(wrong);
  assert.equal(
    await ask(rabbitmqCheck({ port: broken.port })),
    "unhealthy: the answer is not a whole AMQP frame",
  );
});

test("postgres: asked for a password, or let in, it is alive; in pieces too", async () => {
  const asks = await stub(authentication(10).subarray(0, 6), authentication(10).subarray(6));
  assert.equal(await ask(postgresCheck({ port: asks.port, user: "shop" })), "healthy");
  await asks.gone();
  const said = asks.said();
  assert.equal(said.slice(4, 8), "\0\x03\0\0");
  assert.match(said, /user\0shop\0database\0shop\0application_name\0homeostat health\0\0/);
  assert.ok(said.endsWith("X\0\0\0\x04"), "it takes its leave");
  const trusts = await stub(Buffer.concat([authentication(0), readyForQuery]));
  assert.equal(await ask(postgresCheck({ port: trusts.port })), "healthy");
});

test("postgres: what it refuses a stranger is alive; that it cannot serve is unhealthy", async () => {
  const told = async (answer: Buffer, database?: string): Promise<string> => {
    const { port } = await stub(answer);
    return ask(postgresCheck(database === undefined ? { port } : { port, database }));
  };
  assert.equal(await told(refusal("28000", "no pg_hba.conf entry")), "healthy");
  assert.equal(
    await told(refusal("57P03", "the database system is starting up")),
    "unhealthy: PostgreSQL answered: the database system is starting up (57P03)",
  );
  assert.match(await told(refusal("53300", "sorry, too many clients already")), /^unhealthy/);
  const late = Buffer.concat([authentication(0), refusal("3D000", 'no database "shop"')]);
  assert.equal(await told(late), "healthy");
  assert.equal(
    await told(late, "shop"),
    'unhealthy: PostgreSQL answered: no database "shop" (3D000)',
  );
  const old = Buffer.from("Ecould not fork new process: out of memory\n\0", "latin1");
  assert.equal(
    await told(old),
    "unhealthy: PostgreSQL answered: could not fork new process: out of memory",
  );
});

test("fault: SQL built by f-string (the PostgreSQL check)", async () => {
  type Make = (port: number, user: string) => Check;
  // Words of others are put between the words of the protocol, as between those of a query.
  const original: Make = (port, user) => async () => {
    const body = Buffer.from(`user\0${user}\0database\0shop\0\0`);
    const head = Buffer.alloc(8);
    head.writeInt32BE(body.length + 8, 0);
    head.writeInt32BE(196_608, 4);
    const socket = connect({ host: "127.0.0.1", port });
    socket.end(Buffer.concat([head, body]));
    await once(socket.resume(), "close");
  };
  const ours: Make = (port, user) => postgresCheck({ port, user, database: "shop" });
  const shows = /the server is told more than the check says/;
  await onlyOursHolds<Make>(
    { imitation: () => original, ours: () => ours, shows },
    async (make) => {
      const server = await stub(Buffer.concat([authentication(0), readyForQuery]));
      const hostile = "me\0options\0-c default_transaction_read_only=on\0replication\0true";
      await ask(make(server.port, hostile));
      await server.gone();
      const words = server.said().slice(8).split("\0");
      const end = words.findIndex((word, at) => at % 2 === 0 && word === "");
      const names = words.slice(0, end).filter((_, at) => at % 2 === 0);
      const known = ["user", "database", "application_name"];
      const more = names.filter((name) => !known.includes(name));
      assert.deepEqual(more, [], "the server is told more than the check says");
    },
  );
});

/** PostgreSQL refuses to run as root; there, the lowest user of all runs it. */
const lowly = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

function folder(t: TestContext, started: () => ChildProcess | undefined): string {
  const path = mkdtempSync(join(tmpdir(), "homeostat-health-"));
  chmodSync(path, 0o777);
  t.after(async () => {
    const child = started();
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

async function until(check: Check, expected: RegExp): Promise<string> {
  const end = performance.now() + 10_000;
  for (;;) {
    const told = await ask(check);
    if (expected.test(told) || performance.now() > end) return told;
    await wait(50);
  }
}

test("a real Redis: up, with a password, gone", async (t) => {
  const server = findProgram("redis-server");
  assert.ok(server, "redis-server is missing: apt-get install redis-server");
  let child: ChildProcess | undefined;
  const dir = folder(t, () => child);
  const path = join(dir, "s");
  const options = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", dir];
  child = spawn(server, [...options, "--requirepass", "pw"], { stdio: "ignore" });
  assert.equal(await until(redisCheck({ path }), /^healthy/), "healthy");
  assert.equal(await ask(redisCheck({ path, password: "pw" })), "healthy");
  assert.match(await ask(redisCheck({ path, password: "no" })), /^unhealthy: .*WRONGPASS/);
  child.kill("SIGTERM");
  await once(child, "exit");
  assert.match(await ask(redisCheck({ path })), /^unhealthy/);
});

test("a real PostgreSQL: up, stranger, no such database, gone", async (t) => {
  const [initdb, server] = [findProgram("initdb"), findProgram("postgres")];
  assert.ok(initdb && server, "PostgreSQL is missing: apt-get install postgresql");
  let child: ChildProcess | undefined;
  const dir = folder(t, () => child);
  const data = join(dir, "data");
  const made = ["-D", data, "-A", "trust", "-U", "shop", "--no-sync", "--no-instructions"];
  await promisify(execFile)(initdb, made, { ...lowly, cwd: dir });
  const only = ["-D", data, "-c", "listen_addresses=", "-k", dir, "-c", "fsync=off"];
  child = spawn(server, [...only, "-c", "max_connections=4"], {
    ...lowly,
    cwd: dir,
    stdio: "ignore",
  });
  const path = join(dir, ".s.PGSQL.5432");
  const shop = postgresCheck({ path, user: "shop", database: "postgres" });
  assert.equal(await until(shop, /^healthy/), "healthy");
  assert.equal(await ask(postgresCheck({ path, user: "stranger" })), "healthy");
  assert.equal(
    await ask(postgresCheck({ path, user: "shop", database: "orders" })),
    'unhealthy: PostgreSQL answered: database "orders" does not exist (3D000)',
  );
  // A fast shutdown lets nobody in, and says so until it is over.
  child.kill("SIGINT");
  const gone = once(child, "exit");
  assert.match(await until(shop, /^unhealthy/), /^unhealthy/);
  await gone;
  assert.match(await ask(shop), /^unhealthy: (?:no such socket|connection refused)/);
});
