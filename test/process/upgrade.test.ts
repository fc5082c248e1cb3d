// `homeostat upgrade`: another daemon in the same process, while clients ask and nothing is restarted.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createProject, exited, type Project, until } from "./support/project.ts";

const server = `require("http").createServer((q, r) => r.end(String(process.pid)))
  .listen(process.env.PORT, "127.0.0.1")`;

async function made(t: TestContext): Promise<{ readonly here: Project; readonly port: number }> {
  let front = 0;
  const here = await createProject((_, port) => {
    front = port();
    return {
      services: {
        web: { command: [process.execPath, "-e", server], port: front, probe: { http: "/" } },
        mute: { command: ["sleep", "600"], profiles: ["night"] },
      },
    };
  });
  t.after(() => here.remove());
  return { here, port: front };
}

const pidsOf = (here: Project): readonly string[] =>
  here
    .marked()
    .map(({ target, pid }) => `${target} ${pid}`)
    .toSorted();

test("the next version takes over: same process, no service restarted, no request lost", async (t) => {
  const { here, port } = await made(t);
  const daemon = await here.up();
  await here.healthy();
  const before = pidsOf(here);
  let [asked, failed, open] = [0, 0, true];
  const asking = (async () => {
    while (open) {
      asked += 1;
      const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
      if (answer?.status !== 200) failed += 1;
    }
  })();
  for (let n = 1; n <= 2; n++) {
    const { code, out, err } = await here.cli("upgrade");
    assert.equal(code, 0, err);
    assert.match(
      out,
      /^The daemon is now Homeostat \d+\.\d+\.\d+\.\n1 of 1 processes run on as they were; 0 are new\.\n$/,
    );
    const view = await here.view();
    assert.equal(view.services[0]?.health, "healthy", "it was ready, and is so for the next one");
  }
  open = false;
  await asking;
  assert.equal(failed, 0, `${failed} of ${asked} requests failed`);
  assert.ok(asked > 10, `${asked}`);
  assert.deepEqual(pidsOf(here), before);
  assert.equal(daemon.exitCode, null);
  // What it became looks after them all the same.
  const { pid } = here.leader("web/1");
  process.kill(pid, "SIGKILL");
  await until("another one serves", 20_000, async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    const text = await answer?.text();
    return answer?.status === 200 && text !== String(pid) ? true : undefined;
  });
  assert.equal((await here.cli("down")).code, 0);
  assert.equal(await exited(daemon, 20_000), 0);
  assert.deepEqual(here.marked(), []);
  const started = here.journal().filter(({ type }) => type === "daemon.started");
  assert.equal(started.length, 3);
  const ready = here.journal().filter(({ type }) => type === "instance.ready");
  assert.equal(ready.length, 2, "once for each process, whatever daemon looks");
});

test("nothing is touched by a config that is wrong, and a new service comes up with one that is right", async (t) => {
  const { here } = await made(t);
  await here.up();
  const before = await here.healthy();
  const note = join(here.state, "launch.json");
  writeFileSync(
    join(here.folder, "homeostat.json"),
    `{ "services": { "web": { "comand": "x" } } }`,
  );
  const wrong = await here.cli("upgrade");
  assert.equal(wrong.code, 78);
  assert.match(wrong.err, /services\.web/);
  assert.equal(existsSync(note), false);
  // Without a version that wrote down what comes next, there is nothing to become.
  const bare = await here.post("/api/upgrade");
  assert.equal(bare.status, 400, JSON.stringify(bare.body));
  const command = ["/nowhere/node", "/nowhere/daemon.js"];
  writeFileSync(note, JSON.stringify({ nonce: "n", command }));
  const gone = await here.post("/api/upgrade", { nonce: "n" });
  assert.match(JSON.stringify(gone.body), /cannot be run.*nowhere/);
  const view = await here.view();
  assert.equal(view.services[0]?.instances[0]?.pid, before.services[0]?.instances[0]?.pid);
  here.writeConfig({ services: { mute: { command: ["sleep", "600"] } } });
  const right = await here.cli("--json", "upgrade");
  assert.equal(right.code, 0, right.err);
  const { services } = await here.healthy();
  assert.deepEqual(
    services.map(({ name }) => name),
    ["mute"],
  );
  await until("what is not in the config any more has ended", 20_000, async () =>
    here.marked().every(({ target }) => target !== "web/1") ? true : undefined,
  );
});

test("variables of the config are those of the daemon, not of the shell that upgrades", async (t) => {
  const here = await createProject(() => ({ services: { mute: { command: ["sleep", "600"] } } }));
  t.after(() => here.remove());
  const { port } = new URL(here.url);
  writeFileSync(
    join(here.folder, "code.mjs"),
    `export default {
      dashboard: { port: ${port} },
      notify: { channels: { hook: { kind: "webhook", url: "$\{UPGRADE_HOOK}" } } },
      services: {
        told: { command: ["sleep", "600"], env: { SAID: String(process.env.UPGRADE_HOOK) } },
      },
    };`,
  );
  const hook = "http://127.0.0.1:9/of-the-daemon";
  t.after(() => delete process.env.UPGRADE_HOOK);
  process.env.UPGRADE_HOOK = hook;
  await here.up();
  await here.healthy();
  process.env.UPGRADE_HOOK = "http://127.0.0.1:9/of-the-shell";
  const { code, err } = await here.cli("--config", "code.mjs", "upgrade");
  assert.equal(code, 0, err);
  await here.healthy();
  const words = readFileSync(`/proc/${here.leader("told/1").pid}/environ`, "utf8").split("\0");
  assert.ok(words.includes(`SAID=${hook}`), "it is that of the shell");
  delete process.env.UPGRADE_HOOK;
  assert.equal((await here.cli("upgrade")).code, 0, "it is there for the daemon");
});

test("an end that meets an upgrade wins, and a chosen config stays chosen", async (t) => {
  const { here } = await made(t);
  const daemon = await here.up();
  await here.healthy();
  const other = join(here.folder, "other.json");
  const services = { mute: { command: ["sleep", "600"] } };
  const { port } = new URL(here.url);
  writeFileSync(other, JSON.stringify({ dashboard: { port: Number(port) }, services }));
  assert.equal((await here.cli("--config", "other.json", "upgrade")).code, 0);
  assert.equal((await here.cli("upgrade")).code, 0);
  const view = await here.view();
  assert.deepEqual(
    view.services.map(({ name }) => name),
    ["mute"],
  );
  writeFileSync(
    join(here.state, "launch.json"),
    JSON.stringify({ stateFolder: here.state, nonce: "n", command: upCommand(here) }),
  );
  assert.equal((await here.post("/api/upgrade", { nonce: "n" })).status, 200);
  assert.equal((await here.post("/api/down")).status, 200);
  assert.equal(await exited(daemon, 20_000), 0);
  assert.deepEqual(here.marked(), []);
});

test("whatever ends it takes back what it wrote, and what was left behind is not run", async (t) => {
  const deaf = ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.2; done"];
  const here = await createProject(() => ({
    services: { deaf: { command: deaf, stop: { wait: "60s" } } },
  }));
  t.after(() => here.remove());
  await here.up();
  await here.healthy();
  const note = join(here.state, "launch.json");
  const { pid } = here.leader("deaf/1");
  const order = here.post("/api/services/deaf/restart");
  await until("it is stopping", 10_000, async () =>
    here.journal().some(({ type }) => type === "instance.stopping") ? true : undefined,
  );
  const codes = await Promise.all(
    (["SIGTERM", "SIGHUP"] as const).map(async (signal) => {
      const asked = here.spawnCli("upgrade");
      await until(`${signal}: it waits`, 25_000, async () =>
        asked.out().includes("Waiting") ? true : undefined,
      );
      asked.child.kill(signal);
      return exited(asked.child, 5_000);
    }),
  );
  assert.deepEqual(codes, [143, 129]);
  assert.equal(existsSync(note), false, "secrets of the config stand in it");
  process.kill(pid, "SIGKILL");
  assert.equal((await order).status, 200);
  const left = { stateFolder: here.state, nonce: "of-somebody-else", command: upCommand(here) };
  writeFileSync(note, JSON.stringify(left));
  for (const body of [{}, { nonce: "mine" }]) {
    const bare = await here.post("/api/upgrade", body);
    assert.equal(bare.status, 400);
    assert.match(JSON.stringify(bare.body), /nonce: expected.*homeostat upgrade/);
  }
  writeFileSync(`${note}.999999999`, "half of a launch");
  assert.equal((await here.cli("upgrade")).code, 0);
  const names = readdirSync(here.state).filter((name) => name.startsWith("launch.json"));
  assert.deepEqual(names, [], "the next daemon clears away");
});

/** Any program that could be become. */
function upCommand(here: Project): readonly string[] {
  return [process.execPath, join(here.folder, "other.json")];
}
