// The command line as people meet it: usage errors, commands without a daemon, a start without config.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { homeostat } from "./support/command.ts";
import { endMarked, markedBy } from "./support/marked.ts";
import { freePorts, until } from "./support/project.ts";

const root = mkdtempSync(join(tmpdir(), "homeostat-cli-"));
after(() => rmSync(root, { recursive: true, force: true }));

const empty = join(root, "empty");
mkdirSync(empty);

/** Two at a time: a start costs 0.4 s of CPU, and the machine is shared. */
const pair = { concurrency: 2 };

const commands = "up, down, status, logs";

describe("a command line that is wrong", pair, () => {
  const cases: readonly (readonly [args: string, message: string])[] = [
    ["stauts", 'expected "status", got "stauts"'],
    ["frobnicate", `expected one of ${commands}`],
    ["help nosuch", `expected one of ${commands}`],
    ["status --jsn", 'status: expected "--json", got "--jsn"'],
    ["--fodler x status", 'expected "--folder", got "--fodler"'],
    ["status now", 'status: expected no arguments, got "now"'],
    ["restart a b", 'restart: expected 1 argument, got "a" "b"'],
    ["explain", "explain: expected <id>, got nothing"],
    ["approve", "approve: expected <id>, got nothing"],
    ["restart", "restart: expected <service>, got nothing"],
    ["incidents show", "incidents show: expected <id>, got nothing"],
    ["incidents shwo", 'incidents: expected "show", got "shwo"'],
    ["check --config", "expected --config <file>, got no value"],
    ["up --log-level loud", 'expected debug, info, warn or error, got "loud"'],
    ["up --dashboard-port 0", '--dashboard-port: expected a whole number from 1 to 65535, got "0"'],
    ["order web/1 drian", 'order: expected "drain", got "drian"'],
    ["logs -n x", '--lines: expected a whole number from 0 to 100000, got "x"'],
    ["logs -n 1e3", '--lines: expected a whole number from 0 to 100000, got "1e3"'],
  ];
  for (const [args, message] of cases) {
    it(`homeostat ${args}`, async () => {
      const { code, out, err } = await homeostat(empty, args.split(" "));
      assert.equal(code, 78, err);
      assert.equal(out, "");
      assert.ok(err.includes(message), err);
      assert.ok(err.trimEnd().split("\n").length <= 2, err);
    });
  }

  it("is told as JSON too", async () => {
    const { code, out, err } = await homeostat(empty, ["stauts", "--json"]);
    assert.deepEqual([code, out], [78, ""]);
    const { error } = JSON.parse(err);
    assert.equal(error.code, "USAGE");
    assert.equal(error.message, 'expected "status", got "stauts"');
  });

  it("shows the help when it names no command", async () => {
    const { code, out, err } = await homeostat(empty, []);
    assert.deepEqual([code, out], [78, ""]);
    assert.match(err, /Usage: homeostat[\s\S]+expected a command, got none/);
  });
});

describe("help", pair, () => {
  it("is no error, and tells the exit codes", async () => {
    const { code, out, err } = await homeostat(empty, ["--help"]);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /Usage: homeostat[\s\S]+Exit codes: 0 [\s\S]+ 75 [\s\S]+ 78 /);
  });
  it("is there for each command", async () => {
    const { code, out } = await homeostat(empty, ["help", "logs"]);
    assert.equal(code, 0);
    assert.match(out, /--follow/);
    assert.equal((await homeostat(empty, ["--version"])).code, 0);
  });
});

describe("a command that needs a daemon, without one", pair, () => {
  const cases = ["status", "incidents", "incidents show 999", "incidents export 1", "explain 1"];
  const orders = [
    "apps",
    "order web/1 drain",
    "pause for lunch",
    "resume",
    "approve P9",
    "deny P9",
    "restart web",
    "down",
  ];
  for (const args of [...cases, ...orders]) {
    it(`homeostat ${args}`, async () => {
      const { code, out, err } = await homeostat(empty, args.split(" "));
      assert.deepEqual([code, out], [75, ""], err);
      assert.equal(err, `no daemon runs for ${empty}\nstart one with \`homeostat up\`\n`);
    });
  }
  for (const args of ["logs", "logs nosuch", "replay"]) {
    it(`homeostat ${args}`, async () => {
      const { code, out, err } = await homeostat(empty, args.split(" "));
      assert.deepEqual([code, out], [75, ""], err);
      assert.match(err, /^there (are no logs|is no journal)[^\n]*no daemon ever ran/);
    });
  }
  it("says so when the folder itself is not there", async () => {
    const { code, err } = await homeostat(join(root, "nowhere"), ["status"]);
    assert.equal(code, 78);
    assert.match(err, /--folder: expected a folder, got .*nowhere, which is not there/);
  });
  it("says so when a daemon left a note and does not answer", async () => {
    const folder = join(root, "left");
    const [port = 0] = await freePorts(1);
    mkdirSync(join(folder, ".homeostat"), { recursive: true });
    const note = { pid: 1, url: `http://127.0.0.1:${port}` };
    writeFileSync(join(folder, ".homeostat", "daemon.json"), JSON.stringify(note));
    const { code, out, err } = await homeostat(folder, ["status", "--json"]);
    assert.deepEqual([code, out], [75, ""], err);
    assert.equal(JSON.parse(err).error.code, "DAEMON_ABSENT");
    for (const text of ["", "null", "{}", '{"pid":'])
      writeFileSync(join(folder, ".homeostat", "daemon.json"), text);
    assert.equal((await homeostat(folder, ["status"])).code, 75);
  });
});

describe("an awkward folder", pair, () => {
  const sound = JSON.stringify({ services: { web: { command: "sleep 60" } } });
  it("is told without a stack when its state cannot be kept", async () => {
    const folder = join(root, "full");
    mkdirSync(folder);
    writeFileSync(join(folder, "homeostat.json"), sound);
    writeFileSync(join(folder, ".homeostat"), "");
    const [port = 0] = await freePorts(1);
    const args = ["up", "--dashboard-port", String(port)];
    const { code, out, err } = await homeostat(folder, args);
    assert.deepEqual([code, out], [75, ""], err);
    assert.match(err, /^the state folder cannot be made: [^\n]*\n[^\n]*\n$/);
  });
  it("is checked to the end although the config leaves a timer open", async () => {
    const folder = join(root, "open");
    mkdirSync(folder);
    const code = `setInterval(() => {}, 1_000);\nexport default ${sound};`;
    writeFileSync(join(folder, "homeostat.config.mjs"), code);
    const [port = 0] = await freePorts(1);
    const ended = await homeostat(folder, ["check", "--dashboard-port", String(port)]);
    assert.deepEqual([ended.code, ended.err], [0, ""]);
  });
  it("does not make Node talk about a package.json without type", async () => {
    const folder = join(root, "typeless");
    mkdirSync(folder);
    writeFileSync(join(folder, "package.json"), "{}");
    writeFileSync(join(folder, "homeostat.config.ts"), `export default ${sound} as const;`);
    const [port = 0] = await freePorts(1);
    const { code, out, err } = await homeostat(folder, ["check", "--dashboard-port", String(port)]);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^homeostat\.config\.ts is sound\.\nweb {2}1 × sleep 60/);
    assert.ok(!existsSync(join(folder, ".homeostat")));
  });
});

const server = `require("node:http")
  .createServer((_, response) => response.end("hello from " + process.pid))
  .listen(process.env.PORT, () => console.log("listening"));
`;

describe("homeostat up in a folder with a start script and no config", () => {
  const folder = join(root, "hello");
  const state = join(folder, ".homeostat");
  let child: ChildProcess;
  let [out, err] = ["", ""];
  let [front, dashboard] = [0, 0];

  before(async () => {
    mkdirSync(folder);
    const manifest = { name: "hello", scripts: { start: "node server.js" } };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    writeFileSync(join(folder, "server.js"), server);
    [front = 0, dashboard = 0] = await freePorts(2);
    const entry = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
    const args = ["--conditions=source", entry, "up", "--dashboard-port", String(dashboard)];
    const env = { ...process.env, PORT: String(front) };
    child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout?.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      err += chunk;
    });
    await until("it answers through its port", 30_000, async () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${err}`);
      const answer = await fetch(`http://127.0.0.1:${front}/`).catch(() => undefined);
      return answer?.status === 200 ? true : undefined;
    });
  });
  after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    await endMarked(state);
  });

  const command = (...args: readonly string[]): ReturnType<typeof homeostat> =>
    homeostat(folder, args, { env: { PORT: String(front) } });

  it("says in three lines what it did, where to look and how to go on", () => {
    const lines = out.trimEnd().split("\n");
    assert.equal(lines.length, 3, out);
    const [what = "", where = "", next = ""] = lines;
    assert.match(what, /runs "npm start" of package\.json as app: it must listen on PORT/);
    assert.ok(what.endsWith(`clients use http://127.0.0.1:${front}`), what);
    assert.ok(where.startsWith(`Dashboard: http://127.0.0.1:${dashboard} `), where);
    assert.match(where, /homeostat status/);
    assert.match(next, /^Ctrl-C or homeostat down ends everything\. .*homeostat\.yaml: services:/);
  });

  it("supervises it, probed on its port", async () => {
    const view = await until("it is healthy", 30_000, async () => {
      const { code, out: text } = await command("status", "--json");
      assert.equal(code, 0);
      const found = JSON.parse(text);
      return found.services[0].health === "healthy" ? found : undefined;
    });
    assert.equal(view.services[0].port, front);
    const { out: text } = await command("status");
    assert.match(text, /^The service is well\. Nothing needs you\.\n[\s\S]*app\/1 +healthy/);
    const page = await fetch(`http://127.0.0.1:${dashboard}/api/state`);
    assert.equal(page.status, 200);
  });

  it("shows its lines by service and by instance", async () => {
    for (const name of ["app", "app/1", "app-1"]) {
      const { code, out: text } = await command("logs", name);
      assert.equal(code, 0);
      assert.match(text, /^app-1 listening$/m);
    }
  });

  it("takes the line of its last message for a config that can be copied", async () => {
    const [port = 0, other = 0] = await freePorts(2);
    const copy = join(root, "copied");
    mkdirSync(copy);
    const text = out.slice(out.indexOf("services:")).replace(String(front), String(port));
    writeFileSync(join(copy, "homeostat.yaml"), text);
    const args = ["check", "--dashboard-port", String(other)];
    const { code, out: told, err: wrong } = await homeostat(copy, args);
    assert.deepEqual([code, wrong], [0, ""]);
    assert.match(told, /^homeostat\.yaml is sound\.\napp {2}1 × npm start/);
  });

  it("names what it does not know, and what may be meant", async () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ["logs nosuch", /^logs: expected one of app, gateway, spawner, got "nosuch"$/m],
      ["logs ap", /^logs: expected "app", got "ap"$/m],
      ["restart apps", /^there is no service apps; known: app$/m],
      ["incidents show 999", /^there is no incident 999/m],
      ["explain 999", /^there is no incident 999/m],
      ["approve P9", /^there is no approval P9; none is open$/m],
      ["deny P9", /^there is no approval P9/m],
    ];
    for (const [args, message] of cases) {
      const { code, out: said, err: text } = await command(...args.split(" "));
      assert.deepEqual([code, said], [75, ""], args);
      assert.match(text, message);
    }
  });

  it("finds its own ports no problem, and refuses a second daemon", async () => {
    const port = ["--dashboard-port", String(dashboard)];
    assert.equal((await command("check", ...port)).code, 0);
    const second = await command("up", ...port);
    assert.deepEqual([second.code, second.out], [75, ""]);
    assert.match(second.err, /\n.*homeostat down/);
    const { body } = await fetch(`http://127.0.0.1:${front}/`);
    assert.ok(body);
  });

  it("ends everything when it is told to", async () => {
    const ended = once(child, "exit");
    const { code, out: text } = await command("down");
    assert.equal(code, 0);
    assert.match(text, /Everything has ended\.$/m);
    assert.deepEqual(await ended, [0, null]);
    assert.deepEqual(markedBy(state), []);
    assert.ok(!readdirSync(state).includes("daemon.json"));
    assert.equal(out.trimEnd().split("\n").length, 3);
    assert.doesNotMatch(err, /Warning/);
  });
});
