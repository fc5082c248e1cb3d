// A warm spare with real processes: it waits, takes over at once, and no request is lost for it.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { Agent, get } from "node:http";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createProject, type Project, until } from "./support/project.ts";

const app = fileURLToPath(new URL("support/service.ts", import.meta.url));

describe("one instance with a spare", () => {
  let project: Project;
  let daemon: ChildProcess;
  let port = 0;
  before(async () => {
    project = await createProject((_, free) => {
      port = free();
      return {
        healing: {
          mode: "auto",
          cooldown: { first: "0ms", max: "0ms" },
          verify: { healthy: "100ms", timeout: "10s" },
          ...{ strikes: 100, perHour: 1_000, maxUnhealthy: 1, settle: "0ms" },
        },
        services: {
          web: {
            ...{ command: [process.execPath, app], port, spares: 1 },
            probe: { http: "/", interval: "100ms", timeout: "300ms", failures: 2 },
            env: { IGNORES_TERM: "1" },
            stop: { wait: "100ms" },
            restart: { stable: "1ms", backoff: { first: "0ms", max: "0ms" } },
          },
        },
      };
    });
    daemon = await project.up();
    await project.healthy();
  });
  after(() => project.remove());

  /** Which process answers. */
  const ask = async (): Promise<number> => Number((await answer(port)).text);
  const bothReady = (): Promise<unknown> =>
    until("both are ready", 20_000, async () => {
      const view = await project.view();
      const instances = view.services[0]?.instances ?? [];
      return (
        instances.every((one) => one.state === "ready" && one.health === "healthy") || undefined
      );
    });

  it("has the spare ready, and sends it nothing", async () => {
    const pids = new Set(await Promise.all(Array.from({ length: 60 }, ask)));
    assert.equal(pids.size, 1);
    const all = [project.leader("web/1").pid, project.leader("web/2").pid];
    assert.ok(
      all.some((pid) => !pids.has(pid)),
      "the other one runs, too",
    );
  });

  it("loses no request to kill -9, and who took over goes on serving", async () => {
    const load = startLoad(port);
    for (let round = 0; round < 3; round++) {
      const victim = await ask();
      process.kill(victim, "SIGKILL");
      const next = await ask();
      assert.notEqual(next, victim);
      await until(
        "another one runs",
        20_000,
        async () =>
          project.marked().filter(({ target }) => target.startsWith("web/")).length === 2 ||
          undefined,
      );
      await bothReady();
      assert.equal(await ask(), next, "who comes back is the spare");
    }
    const { sent, failed } = await load.stop();
    assert.deepEqual(failed, []);
    assert.ok(sent > 100, `${sent} requests`);
  });

  it("takes over what a stopped one was asked, which is ended and replaced", async () => {
    const load = startLoad(port);
    const victim = await ask();
    process.kill(victim, "SIGSTOP");
    assert.notEqual(await ask(), victim, "this request waited for the stopped one, and moved");
    await until(
      "the stopped one is gone",
      20_000,
      async () => project.marked().every(({ pid }) => pid !== victim) || undefined,
    );
    await bothReady();
    assert.deepEqual((await load.stop()).failed, []);
  });

  it("is replaced without a gap by a rolling restart, though it ignores TERM", async () => {
    const before = [project.leader("web/1").pid, project.leader("web/2").pid];
    const load = startLoad(port);
    const { code, out, err } = await project.cli("restart", "web");
    assert.equal(code, 0, out + err);
    await bothReady();
    assert.deepEqual((await load.stop()).failed, []);
    for (const { pid } of project.marked()) assert.ok(!before.includes(pid));
  });

  it("needs no daemon for it", async () => {
    const victim = await ask();
    daemon.kill("SIGKILL");
    process.kill(victim, "SIGKILL");
    const next = await ask();
    assert.notEqual(next, victim);
    assert.equal(await ask(), next);
    await project.up();
    await bothReady();
    assert.equal(await ask(), next);
  });
});

interface Answered {
  readonly status: number;
  readonly text: string;
}

function answer(port: number, agent?: Agent): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const how = { host: "127.0.0.1", port, agent: agent ?? false, timeout: 15_000 } as const;
  const request = get(how, (response) => {
    let text = "";
    response.on("data", (chunk) => {
      text += chunk;
    });
    response.once("error", reject);
    response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
  });
  request.once("timeout", () => request.destroy(new Error("no answer in 15 s")));
  request.once("error", reject);
  return promise;
}

interface Load {
  stop(): Promise<{ readonly sent: number; readonly failed: readonly string[] }>;
}

/** Some clients that ask one thing after the other over kept connections. */
function startLoad(port: number): Load {
  const agent = new Agent({ keepAlive: true });
  const failed: string[] = [];
  let [sent, going] = [0, true];
  const client = async (): Promise<void> => {
    while (going) {
      sent += 1;
      const why = await answer(port, agent).then(
        ({ status, text }) => (status === 200 ? undefined : `${status} ${text}`),
        (error: unknown) => String(error),
      );
      if (why !== undefined) failed.push(why);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const clients = Array.from({ length: 4 }, client);
  return {
    stop: async () => {
      going = false;
      await Promise.all(clients);
      agent.destroy();
      return { sent, failed };
    },
  };
}
