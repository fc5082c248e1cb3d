// Ready-made chaos targets against the real things: the one who disrupts is killed, the next undoes.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { findProgram } from "../../scripts/apt.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { createChaos } from "../../src/runtime/chaos/chaos.ts";
import { killedProcess } from "../../src/runtime/chaos/targets/process.ts";
import { seeded } from "../../src/testing/seeded.ts";
import { eventually, within } from "../../src/testing/waiting.ts";
import { settingOf, type World } from "./support/chaos-targets-app.ts";
import { type RedisBinary, redisBinary } from "./support/redis-binary.ts";

const appFile = join(import.meta.dirname, "support", "chaos-targets-app.ts");

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-targets-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function launch(t: TestContext, file: string, args: readonly string[]) {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  return { child, ended, says: (what: string) => eventually(what, () => said.includes(what)) };
}

const node = (t: TestContext, ...args: readonly string[]) => launch(t, process.execPath, args);

/** Somebody who disrupts everything in the world, in a process of its own. */
const disturber = (t: TestContext, world: World) =>
  node(t, "--conditions=source", appFile, JSON.stringify(world), "disturb");

async function kill({ child, ended }: { readonly child: ChildProcess; ended: Promise<unknown> }) {
  child.kill("SIGKILL");
  await ended;
  assert.equal(child.signalCode, "SIGKILL", `it ended with ${child.exitCode}`);
}

/** The next process: it is not armed, and takes back what was left. */
async function undo(t: TestContext, world: World): Promise<void> {
  const next = node(t, "--conditions=source", appFile, JSON.stringify(world), "undo");
  await within(10_000, next.ended);
  assert.equal(next.child.exitCode, 0, "all is calm");
  assert.deepEqual(JSON.parse(readFileSync(join(world.folder, "chaos.json"), "utf8")).left, []);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address ? address.port : 0;
}

async function everything({ send }: RedisBinary): Promise<unknown> {
  const keys = (await send("KEYS", "*")) as Buffer[];
  const facts = keys.map(async (key) => {
    const [dump, until] = await Promise.all([send("DUMP", key), send("PEXPIRETIME", key)]);
    return [key.toString("latin1"), (dump as Buffer).toString("base64"), until];
  });
  return (await Promise.all(facts)).sort();
}

test("a flushed Redis comes back as it was, wherever the one who flushed it was killed", async (t) => {
  const server = findProgram("redis-server");
  assert.ok(server, "redis-server is missing: apt-get install redis-server");
  const folder = place(t);
  const redisPort = await freePort();
  const only = ["--bind", "127.0.0.1", "--save", "", "--dir", folder];
  const redis = launch(t, server, ["--port", String(redisPort), ...only]);
  await redis.says("Ready to accept connections");
  using client = redisBinary(redisPort);
  const { send } = client;
  t.after(() => client[Symbol.dispose]());
  const all = Array.from({ length: 2_000 }, (_, index) => {
    const key = Buffer.from(`shop:\xff${index}`, "latin1");
    if (index % 4 === 0) return send("SET", key, Buffer.from([0, 255, 10, index % 256]));
    if (index % 4 === 1) return send("SET", key, "v", "PX", String(60_000 + index));
    if (index % 4 === 2) return send("HSET", key, "a", "1", "b", String(index));
    return send("RPUSH", key, "x", "y", String(index));
  });
  await Promise.all([...all, send("SET", "others", "keep")]);
  const before = await everything(client);
  const world = { folder, redisPort };
  const random = seeded(20_261_121);
  const sizes: unknown[] = [];
  let tookMs = 0;
  for (let round = 0; round < 4; round++) {
    const chaos = disturber(t, world);
    await chaos.says("starting\n");
    const begunAt = performance.now();
    // The first one is let finish, so that the others are killed somewhere on the way.
    if (round === 0) await chaos.says("disrupted");
    else await systemClock.sleep(random() * tookMs);
    if (round === 0) tookMs = performance.now() - begunAt;
    await kill(chaos);
    sizes.push(await send("DBSIZE"));
    await undo(t, world);
    assert.deepEqual(await everything(client), before, `round ${round}`);
    assert.equal(existsSync(join(folder, "keys.dump")), false);
  }
  assert.equal(sizes[0], 1, "all but the others were flushed");
  t.diagnostic(`keys left at the kills: ${sizes.join(", ")}`);

  // What was written anew stays, and what would have expired meanwhile stays away.
  await send("SET", "shop:short", "gone", "PX", "400");
  const chaos = disturber(t, world);
  await chaos.says("disrupted");
  await send("SET", "shop:\u0000new", "1");
  await send("SET", Buffer.from("shop:\xff0", "latin1"), "warmed again");
  await kill(chaos);
  await systemClock.sleep(500);
  await undo(t, world);
  assert.equal(await send("EXISTS", "shop:short"), 0);
  assert.equal(String(await send("GET", Buffer.from("shop:\xff0", "latin1"))), "warmed again");
  assert.equal(await send("DBSIZE"), 2_002);
});

const stateOf = (pid: number): string =>
  /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";

test("a paused process goes on and a setting is put back after the one who did it was killed", async (t) => {
  const folder = place(t);
  writeFileSync(settingOf(folder), JSON.stringify({ max: 20 }));
  const victim = node(t, "-e", "setInterval(() => {}, 100); console.log('up')");
  await victim.says("up");
  const { pid = 0 } = victim.child;
  const world = { folder, pid };
  const chaos = disturber(t, world);
  await chaos.says('disrupted ["disrupted","disrupted"]');
  await kill(chaos);
  assert.equal(stateOf(pid), "T");
  assert.equal(readFileSync(settingOf(folder), "utf8"), '{"max":1}');
  await undo(t, world);
  assert.notEqual(stateOf(pid), "T");
  assert.equal(readFileSync(settingOf(folder), "utf8"), '{"max":20}');
});

test("a killed process is recovered when it was started again", async (t) => {
  let victim = node(t, "-e", "setInterval(() => {}, 100); console.log('up')");
  await victim.says("up");
  const first = victim.child.pid;
  await using chaos = createChaos({ armed: true });
  chaos.register(
    "worker",
    killedProcess({
      pid: () => victim.child.pid,
      restart: () => {
        victim = node(t, "-e", "setInterval(() => {}, 100)");
      },
    }),
  );
  await chaos.start();
  await chaos.disruptNow("worker");
  await victim.ended;
  assert.equal(victim.child.signalCode, "SIGKILL");
  assert.equal(await chaos.recoverNow("worker"), true);
  assert.notEqual(victim.child.pid, first);
});

/** A network of the test's own: nothing of the machine's is touched. */
async function network(t: TestContext): Promise<{ netns: string; port: number } | undefined> {
  const netns = `homeostat-test-${process.pid}`;
  try {
    execFileSync("ip", ["netns", "add", netns], { stdio: "pipe" });
  } catch (error) {
    t.skip(`no network namespace can be made here: ${error}`);
    return undefined;
  }
  t.after(() => execFileSync("ip", ["netns", "del", netns]));
  execFileSync("ip", ["-n", netns, "link", "set", "lo", "up"]);
  const script =
    "net.createServer((s) => s.on('error', () => {}).end('hi')).listen(5432, '127.0.0.1', () => console.log('up'))";
  const server = launch(t, "ip", ["netns", "exec", netns, process.execPath, "-e", script]);
  await server.says("up");
  return { netns, port: 5_432 };
}

async function knock(netns: string, port: number): Promise<string> {
  const script = `const s = net.connect(${port}, "127.0.0.1");
    s.on("connect", () => { console.log("open"); process.exit(); });
    setTimeout(() => { console.log("silent"); process.exit(); }, 400);`;
  const child = spawn("ip", ["netns", "exec", netns, process.execPath, "-e", script]);
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  await within(10_000, once(child, "close"));
  return said.trim();
}

test("a blocked port opens again after the one who blocked it was killed; no other rule is touched", async (t) => {
  for (const program of ["ip", "nft", "iptables"]) {
    assert.ok(
      findProgram(program),
      `${program} is missing: apt-get install iproute2 nftables iptables`,
    );
  }
  const found = await network(t);
  if (!found) return;
  const { netns, port } = found;
  const inside = (...command: readonly string[]): string =>
    execFileSync("ip", ["netns", "exec", netns, ...command], {
      encoding: "utf8",
      env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    });
  inside("iptables", "-A", "OUTPUT", "-p", "tcp", "--dport", "9", "-j", "DROP");
  inside("nft", "add", "table", "inet", "somebody");
  const before = [inside("nft", "list", "ruleset"), inside("iptables", "-S")];
  for (const tool of ["nft", "iptables"] as const) {
    const world = { folder: place(t), block: { netns, port, tool } };
    assert.equal(await knock(netns, port), "open");
    const chaos = disturber(t, world);
    await chaos.says('disrupted ["disrupted"]');
    await kill(chaos);
    assert.equal(await knock(netns, port), "silent", tool);
    await undo(t, world);
    assert.equal(await knock(netns, port), "open", tool);
    assert.deepEqual([inside("nft", "list", "ruleset"), inside("iptables", "-S")], before);
  }
});
