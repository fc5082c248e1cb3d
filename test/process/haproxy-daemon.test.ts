// `homeostat up` with a real HAProxy: it serves, is adopted, comes back from death and hanging, and ends.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { haproxyProblems } from "../../src/cli/haproxy-found.ts";
import { eventually } from "../../src/testing/waiting.ts";
import { noHaproxy } from "./support/gateway-kinds.ts";
import { createProject, type Project } from "./support/project.ts";

const server = `require("node:http").createServer((_, res) => res.end(process.env.PORT)).listen(process.env.PORT)`;

interface World {
  readonly project: Project;
  readonly port: number;
}

async function world(): Promise<World> {
  let port = 0;
  const project = await createProject((_, free) => {
    port = free();
    return {
      gateway: { kind: "haproxy" },
      services: {
        web: {
          command: [process.execPath, "-e", server],
          port,
          replicas: 2,
          probe: { tcp: true, interval: "200ms" },
        },
      },
    };
  });
  return { project, port };
}

async function status({ port }: World): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
  await answer.arrayBuffer();
  return answer.status;
}

const haproxies = ({ project }: World): readonly number[] =>
  project
    .marked()
    .filter(({ target }) => target === "@gateway")
    .map(({ pid }) => pid);

describe("the daemon with a HAProxy", { skip: noHaproxy }, () => {
  it("serves, survives the daemon, comes back from death, and ends with it", async () => {
    const made = await world();
    const { project } = made;
    try {
      const first = await project.up();
      await project.healthy();
      assert.equal(await status(made), 200);
      const before = haproxies(made);
      assert.ok(before.length >= 2, "a master and a worker");
      first.kill("SIGKILL");
      assert.equal(await status(made), 200);
      await project.up();
      await project.healthy();
      assert.equal(await status(made), 200);
      assert.deepEqual(haproxies(made), before, "the next daemon took it over");
      for (const pid of before) process.kill(pid, "SIGKILL");
      await comesBack(made, before);
      const worker = haproxies(made).at(-1) ?? 0;
      process.kill(worker, "SIGKILL");
      await comesBack(made, [worker]);
      await project.cli("down");
      await eventually("all has ended", () => project.marked().length === 0);
    } finally {
      await project.remove();
    }
  });
});

async function comesBack(made: World, gone: readonly number[]): Promise<void> {
  await eventually("another one runs", () => {
    const now = haproxies(made);
    return now.length >= 2 && !now.some((pid) => gone.includes(pid));
  });
  for (let look = 0; look < 200; look++) {
    if ((await status(made).catch(() => 0)) === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail("it does not serve again");
}

describe("homeostat check", () => {
  it("names the package when there is no HAProxy", async () => {
    const gateway = { kind: "haproxy", binary: "/nowhere/haproxy" };
    const [problem] = await haproxyProblems({ gateway });
    assert.deepEqual(problem?.at, ["gateway", "kind"]);
    assert.match(problem.expected, /apt-get install haproxy/);
    assert.equal(problem.got, "/nowhere/haproxy: it is not there");
  });

  it("is content with the one of Debian", { skip: noHaproxy }, async () => {
    assert.deepEqual(await haproxyProblems({ gateway: { kind: "haproxy" } }), []);
  });
});
