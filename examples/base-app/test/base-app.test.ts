// The template tests itself: alone, with a health port, without its dependency, with a lost thread.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const folder = new URL("../", import.meta.url);
const started: ChildProcess[] = [];

interface Running {
  readonly child: ChildProcess;
  out(): string;
  ended: Promise<number | null>;
}

function start(env: NodeJS.ProcessEnv = {}): Running {
  const { NODE_TEST_CONTEXT: _, ...rest } = process.env;
  const app = fileURLToPath(new URL("app.ts", folder));
  const child = spawn(process.execPath, ["--conditions=source", app], {
    env: { ...rest, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let out = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
  }
  const ended = once(child, "close").then(() => child.exitCode);
  return { child, out: () => out, ended };
}

after(() => {
  for (const child of started) if (child.exitCode === null) child.kill("SIGKILL");
});

describe("the base of an app", { concurrency: 3, timeout: 60_000 }, () => {
  test("runs alone and ends with 0 on TERM", async () => {
    const app = start();
    await until(() => app.out().includes("counting"), app.out);
    app.child.kill("SIGTERM");
    assert.equal(await app.ended, 0, app.out());
    assert.match(app.out(), /shutdown complete/);
  });

  test("answers on a port of its own, where it is asked to", async () => {
    const port = await freePort();
    const app = start({ HEALTH_PORT: String(port) });
    const url = `http://127.0.0.1:${port}`;
    await until(async () => (await answer(`${url}/ready`)).status === 200, app.out);
    assert.match((await answer(`${url}/metrics`)).text, /^counted \d+$/m);
    app.child.kill("SIGTERM");
    assert.equal(await app.ended, 0, app.out());
  });

  test("ends with 75 when what it needs does not answer, and says which", async () => {
    const port = await freePort();
    const app = start({ TEST_ON_START: `127.0.0.1:${port}` });
    assert.equal(await app.ended, 75, app.out());
    assert.match(app.out(), new RegExp(`127\\.0\\.0\\.1:${port}`));
  });

  test("ends with a code that is not 0 when its thread is lost", async () => {
    const app = start({ COUNTER_FAILS_AT: "3" });
    assert.equal(await app.ended, 1, app.out());
    assert.match(app.out(), /the counter is broken/);
  });
});

test("the times to end follow each other: list < end < supervisor < container", () => {
  const read = (file: string, pattern: RegExp): number => {
    const found = pattern.exec(readFileSync(new URL(file, folder), "utf8"))?.[1];
    assert.ok(found !== undefined, `${file} has ${pattern}`);
    return Number(found.replaceAll("_", ""));
  };
  const list = read("base.ts", /debugAfterMs: ([\d_]+)/) / 1_000;
  const end = read("base.ts", /hardAfterMs: ([\d_]+)/) / 1_000;
  const supervisord = read("supervisord.conf", /stopwaitsecs=(\d+)/);
  const systemd = read("counter.service", /TimeoutStopSec=(\d+)s/);
  const container = read("compose.yaml", /stop_grace_period: (\d+)s/);
  assert.ok(list < end && end < Math.min(supervisord, systemd));
  assert.ok(Math.max(supervisord, systemd) < container);
});

async function answer(url: string): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url);
    return { status: response.status, text: await response.text() };
  } catch {
    return { status: 0, text: "" }; // nobody listens yet
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

async function until(is: () => boolean | Promise<boolean>, out: () => string): Promise<void> {
  for (let i = 0; i < 600; i += 1) {
    if (await is()) return;
    await sleep(50);
  }
  assert.fail(`not within 30 s: ${out()}`);
}
