// Real processes that end in every way: the journal and the incident say why, in one sentence.
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Exit } from "../../src/model/instance.ts";
import type { ServiceConfig } from "../../src/wiring/config.ts";
import { createProject, type Project, until } from "./support/project.ts";

const once: ServiceConfig["restart"] = { when: "never" };
let project: Project;
let holder: Server;
let heldPort = 0;

const scripts: Readonly<Record<string, string>> = {
  "uncaught.js": 'function boom() {\n  throw new TypeError("no such thing");\n}\nboom();\n',
  "heap.js": "const all = [];\nfor (;;) all.push(Array.from({ length: 100 }, () => ({ all })));\n",
  "listen.js": "require('node:net').createServer().listen(Number(process.argv[2]), '127.0.0.1');\n",
};

before(async () => {
  holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const address = holder.address();
  heldPort = typeof address === "object" && address ? address.port : 0;
  const node = process.execPath;
  const commands: Readonly<Record<string, readonly string[]>> = {
    segv: ["/bin/sh", "-c", "kill -SEGV $$"],
    abrt: [node, "-e", "process.abort()"],
    uncaught: [node, "uncaught.js"],
    heap: [node, "--max-old-space-size=16", "heap.js"],
    listen: [node, "listen.js", String(heldPort)],
    config: ["/bin/sh", "-c", "exit 78"],
    killed: ["/bin/sleep", "600"],
  };
  project = await createProject((folder) => {
    for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, name), text);
    // The first run removes its own program, so the second one cannot start.
    writeFileSync(join(folder, "gone.sh"), '#!/bin/sh\nrm -- "$0"\nexit 3\n');
    chmodSync(join(folder, "gone.sh"), 0o755);
    const services = Object.entries(commands).map(([name, command]) => [
      name,
      { command, restart: once },
    ]);
    return { services: { ...Object.fromEntries(services), gone: { command: ["./gone.sh"] } } };
  });
  await project.up();
});

after(async () => {
  await project.remove();
  holder.close();
});

function exitsOf(target: string): readonly Exit[] {
  return project
    .journal()
    .flatMap((event) =>
      event.type === "instance.exited" && event.subject === target ? [event.data] : [],
    );
}

const exit = (target: string, nth = 0): Promise<Exit> =>
  until(`${target} ends`, 30_000, async () => exitsOf(target)[nth]);

describe("why a process ended", () => {
  const expected: Readonly<Record<string, RegExp>> = {
    "segv/1": /^killed by SIGSEGV \(it touched memory that is not its own\)$/,
    "abrt/1": /^killed by SIGABRT \(it aborted itself\)/,
    "uncaught/1":
      /^exit code 1: uncaught TypeError: no such thing, at boom \(.*uncaught\.js:2:9\)$/,
    "heap/1": /^killed by SIGABRT: Node ran out of heap memory \(.+, \d+(\.\d+)? MB after/,
    "config/1": /^exit code 78 \(configuration error\)$/,
  };
  for (const [target, text] of Object.entries(expected)) {
    it(`${target}: ${text.source}`, async () => assert.match((await exit(target)).text, text));
  }

  it("names the port that was in use, and who has it", async () => {
    const { text } = await exit("listen/1");
    const known = `exit code 1: port ${heldPort} is in use by process ${process.pid} (`;
    assert.ok(text.startsWith(known), text);
  });

  it("knows a KILL from outside from one for want of memory", async () => {
    const leader = await until("it runs", 10_000, async () =>
      project.marked().find((it) => it.target === "killed/1" && it.leader),
    );
    process.kill(leader.pid, "SIGKILL");
    const { text, code } = await exit("killed/1");
    assert.equal(code, 137);
    // Another process of this machine may run out of memory meanwhile.
    assert.match(text, /^killed by SIGKILL from outside, (not|perhaps) for want of memory/);
  });

  it("says that there is no command", async () => {
    assert.equal((await exit("gone/1")).text, "exit code 3");
    const { text, code } = await exit("gone/1", 1);
    assert.equal(code, null);
    assert.match(text, /^gone\/1: there is no command ".\/gone\.sh" \(ENOENT\)$/);
  });

  it("shows it in the incident", async () => {
    const found = await until("an incident of uncaught", 10_000, async () => {
      const { incidents } = await project.view();
      return incidents.find((it) => JSON.stringify(it).includes("uncaught/1"));
    });
    const detail = JSON.stringify(await project.incident(found.id));
    assert.match(detail, /uncaught TypeError: no such thing/);
  });
});
