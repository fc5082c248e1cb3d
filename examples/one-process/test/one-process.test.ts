// Breaks the example's database, cache and API, each in its own way, and sees the app mend them.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "one-process-"));
let app: ChildProcess;
let url = "";

before(async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  server.close();
  url = `http://127.0.0.1:${address.port}`;
  app = spawn(process.execPath, ["--conditions=source", main], {
    env: { ...process.env, PORT: String(address.port), SHOP_STATE: folder, LOG_LEVEL: "debug" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  await until("the shop is ready", async () => (await status("/ready")) === 200);
});

after(async () => {
  if (app.exitCode === null && app.signalCode === null) {
    app.kill("SIGKILL");
    await once(app, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
});

test("a database that is killed is restarted, and its data looked at", async () => {
  process.kill(pidOf("database"), "SIGKILL");
  await until("the shop is sick", async () => (await status("/health")) === 503);
  await until("the shop is well", async () => (await status("/health")) === 200);
  await until("the recovery is told", async () => recovered("database") !== "");
  assert.match(recovered("database"), /"verify integrity"/);
  assert.match(await text("/"), /Kettle/);
});

test("a cache that hangs is restarted and warmed; meanwhile the shop goes on without it", async () => {
  process.kill(pidOf("cache"), "SIGSTOP");
  await until("recommendations fall back", async () =>
    (await text("/")).includes("<p>Kettle</p><p>Kettle"),
  );
  assert.equal(await status("/health"), 200, "the cache is not critical");
  await until("recommendations are back", async () => (await text("/")).includes("Teapot"));
  assert.match(recovered("cache"), /"pre-warm the cache"/);
});

test("an API that is gone for good is left for the other one", async () => {
  process.kill(pidOf("payments"), "SIGKILL");
  await until("the switch", async () => lines().includes('"switch to another endpoint"'));
  await until("the recovery", async () => recovered("api") !== "");
  assert.equal(await status("/checkout"), 200);
});

test("its synthetic users log in, search and buy", async () => {
  const passed = (name: string) => lines().includes(`synthetic ${name} passed`);
  await until("they have been there", async () => ["login", "search", "checkout"].every(passed));
});

test("it ends in order and takes its world with it", async () => {
  const children = pids();
  assert.equal(children.length, 3, "database, cache and the backup");
  const ended = once(app, "exit");
  app.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
  assert.match(lines(), /"shutdown complete"/);
  assert.deepEqual(
    children.filter((pid) => existsSync(`/proc/${pid}`)),
    [],
  );
});

/** The line that tells of a recovery by this recipe, with all that was said before it of its steps. */
function recovered(recipe: string): string {
  const all = lines();
  const at = all.search(new RegExp(`"message":"recovered"[^\n]*"recipe":"${recipe}"`));
  return at < 0 ? "" : all.slice(0, at);
}

function lines(): string {
  return readFileSync(join(folder, "self_healing.log"), "utf8");
}

function pids(): readonly number[] {
  const text = readFileSync(`/proc/${app.pid}/task/${app.pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

function pidOf(name: string): number {
  const found = pids().find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`dependency.ts\0${name}\0`),
  );
  assert.ok(found !== undefined, `there is no process ${name}`);
  return found;
}

async function status(path: string): Promise<number | undefined> {
  try {
    return (await fetch(url + path)).status;
  } catch {
    return undefined; // nobody listens yet
  }
}

async function text(path: string): Promise<string> {
  return (await fetch(url + path)).text();
}

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 600; i += 1) {
    if (await is()) return;
    await sleep(50);
  }
  assert.fail(`${what}: not within 30 s`);
}
