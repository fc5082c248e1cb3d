// The life of a project from the command line: up -d, ps, top, scale, completion, adopt, down.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { homeostat } from "./support/command.ts";
import { lives } from "./support/lives.ts";
import { createProject, type Project } from "./support/project.ts";

const server = `require("node:http").createServer((_, it) => it.end(process.env.HOMEOSTAT_REPLICAS))
  .listen(process.env.PORT);
process.on("SIGTERM", () => process.exit(0));
`;

describe("a project from the command line", { timeout: 120_000 }, () => {
  let project: Project;
  let front = 0;
  const pids: number[] = [];

  before(async () => {
    project = await createProject((folder, port) => {
      writeFileSync(join(folder, "web.js"), server);
      front = port();
      return {
        project: "life",
        services: {
          web: { command: "node web.js", port: front, probe: { http: "/" }, partOf: "front" },
          db: { command: "sleep 1000" },
          odd: { command: "true", job: { schedule: "0 3 * * *" } },
        },
      };
    });
  });
  after(async () => {
    for (const pid of pids) if (lives(pid)) process.kill(pid, "SIGKILL");
    await project.remove();
  });

  const rows = async (): Promise<readonly Readonly<Record<string, unknown>>[]> =>
    JSON.parse((await project.cli("ps", "--json")).out);
  const names = async (): Promise<readonly unknown[]> =>
    (await rows()).map(({ instance }) => instance);

  it("up -d comes back when the services run", async () => {
    const { code, out, err } = await project.cli("up", "-d");
    assert.deepEqual([code, err], [0, ""]);
    const pid = Number(/as process (\d+)\./.exec(out)?.[1]);
    pids.push(pid);
    assert.ok(lives(pid));
    const health = (await rows()).map(({ instance, health }) => [instance, health]);
    assert.deepEqual(health, [
      ["web/1", "healthy"],
      ["db/1", "healthy"],
      ["odd/1", "idle"],
    ]);
  });

  it("up -d tells as up what is in its way", async () => {
    const { code, out, err } = await project.cli("up", "-d");
    assert.deepEqual([code, out], [75, ""]);
    assert.match(err, /already writes to/);
  });

  it("ps shows those that are named, top sorts and is shown once where it is piped", async () => {
    const some = await project.cli("ps", "front");
    assert.match(some.out, /^instance +health +pid .*\nweb\/1 +healthy +\d+ /);
    assert.equal(some.out.trimEnd().split("\n").length, 2);
    assert.match((await project.cli("ps", "wbe")).err, /ps: expected "web", got "wbe"/);
    const { code, out } = await project.cli("top", "--sort", "name");
    assert.equal(code, 0);
    assert.match(
      out,
      /^life {2}2 of 3 healthy · .*\n.*\n\ninstance[^\n]*\ndb\/1 .*\nodd\/1 .*\nweb\/1 /,
    );
    assert.match(
      (await project.cli("top", "--sort", "cpus")).err,
      /--sort: expected cpu, got "cpus"/,
    );
  });

  it("scale starts more and ends the last, and a daemon that takes over keeps them", async () => {
    assert.equal((await project.cli("scale", "web", "3")).code, 0);
    assert.deepEqual(await names(), ["web/1", "web/2", "web/3", "db/1", "odd/1"]);
    const [old = 0] = pids;
    process.kill(old, "SIGKILL");
    const { out } = await project.cli("up", "-d");
    pids.push(Number(/as process (\d+)\./.exec(out)?.[1]));
    const [first, , third] = await rows();
    assert.equal(third?.instance, "web/3");
    assert.ok(lives(Number(first?.pid)));
    const { code, out: said } = await project.cli("scale", "web", "1");
    assert.equal(code, 0);
    assert.match(said, /web\/3 has ended \(\d+ ms\)[\s\S]*web has 1/);
    assert.deepEqual(await names(), ["web/1", "db/1", "odd/1"]);
    assert.equal(lives(Number(third?.pid)), false);
    const answer = await fetch(`http://127.0.0.1:${front}/`);
    assert.equal(answer.status, 200);
  });

  it("scale refuses what cannot be", async () => {
    const cases: readonly (readonly [args: readonly string[], text: RegExp])[] = [
      [["web", "0"], /scale: <count>: expected a whole number from 1 to 64, got "0"/],
      [["odd", "2"], /odd is a job: it runs once at a time/],
      [["wbe", "2"], /there is no service wbe/],
    ];
    for (const [args, text] of cases) {
      const { code, err } = await project.cli("scale", ...args);
      assert.notEqual(code, 0);
      assert.match(err, text);
    }
  });

  it("completes names of services, with a daemon and without", async () => {
    const complete = async (...words: readonly string[]): Promise<string> =>
      (await project.cli("__complete", "--", "--folder", project.folder, ...words)).out;
    assert.equal(await complete("restart", "w"), "web\t\n");
    assert.equal(await complete("logs", "web/"), "web/1\t\n");
    assert.match(await complete("sca"), /^scale\t\w/);
    const { code, out } = await project.cli("completion", "bash");
    assert.equal(code, 0);
    assert.match(out, /complete -o default -F _homeostat homeostat/);
  });

  it("adopt writes a process down as a service, and says why not more", async () => {
    const child = spawn("sleep", ["1234"], { cwd: project.folder, stdio: "ignore" });
    try {
      const { code, out } = await project.cli("adopt", String(child.pid), "--name", "Old One");
      assert.equal(code, 0);
      assert.match(out, /^services:\n {2}old-one:\n {4}command: sleep 1234$/m);
      assert.match(out, /It cannot be taken over as it runs/);
      const [web] = await rows();
      const ours = await project.cli("adopt", String(web?.pid));
      assert.match(ours.err, /is web\/1 of a Homeostat already/);
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });

  it("down ends all, and the next start has what the config says", async () => {
    await project.cli("scale", "web", "2");
    const { code, out } = await project.cli("down");
    assert.equal(code, 0);
    assert.match(out, /Everything has ended\.$/m);
    assert.deepEqual(project.marked(), []);
    assert.equal(
      (await homeostat(project.folder, ["__complete", "--", "restart", "d"])).out,
      "db\t\n",
    );
    const { out: again } = await project.cli("up", "-d");
    pids.push(Number(/as process (\d+)\./.exec(again)?.[1]));
    assert.deepEqual(await names(), ["web/1", "db/1", "odd/1"]);
    assert.match(readFileSync(join(project.state, "daemon.log"), "utf8"), /"stopping"/);
    assert.match((await project.cli("replay")).out, /the same, byte for byte/);
    assert.equal((await project.cli("down")).code, 0);
  });
});
