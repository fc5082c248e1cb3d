// The daemon as people meet it: it begins, ends, dies and comes back, and leaves nothing behind.
import assert from "node:assert/strict";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { exited, until } from "./support/project.ts";
import {
  command,
  customers,
  healing,
  incident,
  project,
  service,
  status,
  subjects,
  tell,
} from "./support/trial.ts";

/** Most of a test is waiting, so that some may wait together. */
const side = { concurrency: 3, timeout: 90_000 };

describe("beginning and ending", side, () => {
  test("a second daemon in the same folder is refused and harms nothing", async (t) => {
    const here = await project(t, () => ({ services: { app: service() } }));
    await here.up();
    await here.healthy();
    const before = here.marked().map((it) => it.pid);
    const second = await here.cli("up");
    assert.equal(second.code, 75);
    assert.match(second.err, /already writes/);
    assert.deepEqual(
      here.marked().map((it) => it.pid),
      before,
    );
    assert.equal((await here.view()).services[0]?.health, "healthy");
    assert.equal(subjects(here.journal(), "daemon.started").length, 1);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`${signal} ends everything, dependents first`, async (t) => {
      const here = await project(t, (_, port) => ({
        services: {
          web: service({ port: port(), replicas: 2, dependsOn: ["api"] }),
          api: service({ dependsOn: ["db"] }),
          db: service(),
        },
      }));
      const daemon = await here.up();
      await here.healthy();
      daemon.kill(signal);
      assert.equal(await exited(daemon, 20_000), 0);
      assert.deepEqual(here.marked(), []);
      const events = here.journal();
      assert.deepEqual(
        subjects(events, "instance.exited").map((it) => it.split("/")[0]),
        ["web", "web", "api", "db"],
      );
      assert.ok(events.every((it) => it.type !== "instance.exited" || it.data.expected));
      assert.equal(events.at(-1)?.type, "daemon.stopped");
      const exits = events.findLastIndex(
        (it) => it.type === "instance.exited" && it.subject === "api/1",
      );
      const stops = events.findIndex(
        (it) => it.type === "instance.stopping" && it.subject === "db/1",
      );
      assert.ok(exits < stops, "db was stopped before api had ended");
    });
  }

  test("an order to end that comes while it begins leaves nothing behind", async (t) => {
    const here = await project(t, () => ({ services: { app: service({ replicas: 2 }) } }));
    const daemon = here.spawnUp();
    await until("its first process", 20_000, async () => (here.marked()[0] ? true : undefined));
    daemon.kill("SIGINT");
    assert.equal(await exited(daemon, 20_000), 0);
    assert.deepEqual(here.marked(), []);
  });

  test("down ends everything, and up begins anew", async (t) => {
    const here = await project(t, () => ({ services: { app: service() } }));
    const daemon = await here.up();
    await here.healthy();
    const down = await here.cli("down");
    assert.equal(down.code, 0);
    assert.equal(await exited(daemon, 10_000), 0);
    assert.deepEqual(here.marked(), []);
    const absent = await here.cli("status");
    assert.equal(absent.code, 75);
    await here.up();
    await here.healthy();
    assert.equal((await here.view()).incidents.length, 0);
  });

  test("nothing starts any more while everything ends", async (t) => {
    const here = await project(t, () => ({
      services: {
        slow: service({ env: { IGNORES_TERM: 1 }, stop: { wait: "2s" } }),
        crashing: service({ env: { ENDS_AFTER_MS: 300 } }),
      },
    }));
    const daemon = await here.up();
    await incident(here, "crashing", ({ incident }) => incident.actions.length > 2);
    daemon.kill("SIGTERM");
    assert.equal(await exited(daemon, 20_000), 0);
    assert.deepEqual(here.marked(), []);
    const events = here.journal();
    const stopping = events.findIndex((it) => it.type === "instance.stopping");
    assert.deepEqual(subjects(events.slice(stopping), "instance.started"), []);
  });

  test("a service that waits for ever keeps only its dependents waiting", async (t) => {
    const here = await project(t, () => ({
      services: {
        never: service({ env: { STARTS_AFTER_MS: 600_000 } }),
        waiting: service({ dependsOn: ["never"] }),
        free: service(),
      },
    }));
    await here.up();
    await until("the free service is healthy", 10_000, async () => {
      const { services } = await here.view();
      return services.find((it) => it.name === "free")?.health === "healthy" ? true : undefined;
    });
    assert.equal(
      here.marked().some((it) => it.target === "waiting/1"),
      false,
    );
  });
});

describe("death and return", side, () => {
  test("a killed daemon comes back to the same processes and knows who died meanwhile", async (t) => {
    const here = await project(t, (_, port) => ({
      services: { app: service({ port: port(), replicas: 2 }), other: service() },
    }));
    const first = await here.up();
    await here.healthy();
    const [kept, lost] = [here.leader("app/1").pid, here.leader("app/2").pid];
    const gateway = here.leader("@gateway").pid;
    await sleep(2_200);
    first.kill("SIGKILL");
    await exited(first, 5_000);
    process.kill(lost, "SIGKILL");
    await here.up();
    const { incident: known } = await incident(here, "app", (it) => it.state === "resolved");
    assert.match(known.diagnosis?.text ?? "", /no daemon was watching/);
    assert.deepEqual(
      known.actions.map((it) => `${it.kind} ${it.target}`),
      ["start app/2"],
    );
    await here.healthy();
    assert.equal(here.leader("app/1").pid, kept);
    assert.equal(here.leader("@gateway").pid, gateway);
    assert.equal((await here.view()).incidents.length, 1);
    const exit = here.journal().find((it) => it.type === "instance.exited");
    assert.equal(exit?.type === "instance.exited" && exit.data.signal, "SIGKILL");
    // It had run for longer than this: no short run, no crash loop.
    assert.ok(exit?.type === "instance.exited" && exit.data.uptimeMs >= 2_000);
  });

  test("services and gateway serve on while there is no daemon", async (t) => {
    let port = 0;
    const here = await project(t, (_, next) => {
      port = next();
      return { services: { app: service({ port, replicas: 2 }) } };
    });
    const daemon = await here.up();
    await here.healthy();
    const load = customers(t, port, 50);
    await sleep(500);
    daemon.kill("SIGKILL");
    await exited(daemon, 5_000);
    await sleep(1_500);
    process.kill(here.leader("app/1").pid, "SIGKILL");
    await sleep(1_000);
    await here.up();
    await here.healthy();
    const { sent, ok, lostIdempotent, lostUnsafe } = await load.stop();
    assert.ok(sent > 100, `${sent} requests`);
    // A POST that had reached the dying process is not sent twice.
    assert.deepEqual({ ok: ok + lostUnsafe, lostIdempotent }, { ok: sent, lostIdempotent: 0 });
    assert.ok(lostUnsafe <= 2, `${lostUnsafe} POSTs lost`);
  });

  test("a restart that the daemon did not survive is brought to its end", async (t) => {
    const here = await project(t, () => ({
      services: { app: service({ env: { IGNORES_TERM: 1 }, stop: { wait: "1s" } }) },
    }));
    const daemon = await here.up();
    await here.healthy();
    const old = here.leader("app/1").pid;
    here.post("/api/services/app/restart").catch(() => {});
    await until("the stop begins", 5_000, async () =>
      subjects(here.journal(), "instance.stopping").length > 0 ? true : undefined,
    );
    daemon.kill("SIGKILL");
    await exited(daemon, 5_000);
    await here.up();
    await until("another process", 30_000, async () => {
      const now = here.marked().filter((it) => it.target === "app/1");
      return now.length === 1 && now[0]?.pid !== old ? true : undefined;
    });
    await here.healthy();
    assert.deepEqual((await here.view()).incidents, []);
  });

  test("what had ended with 0 and what was given up stay down when the daemon comes back", async (t) => {
    const here = await project(t, () => ({
      services: {
        job: service({ env: { ENDS_AFTER_MS: 300, ENDS_WITH: 0 } }),
        hopeless: service({
          env: { ENDS_AFTER_MS: 100 },
          restart: {
            backoff: { first: "100ms", max: "100ms" },
            giveUp: { exits: 3, within: "10m" },
          },
        }),
        app: service(),
      },
    }));
    const daemon = await here.up();
    await incident(here, "hopeless", (it) => it.state === "escalated");
    await until("the job is done", 5_000, async () =>
      subjects(here.journal(), "instance.exited").includes("job/1") ? true : undefined,
    );
    daemon.kill("SIGKILL");
    await exited(daemon, 5_000);
    await here.up();
    await sleep(1_500);
    const targets = here.marked().map((it) => it.target);
    assert.deepEqual(targets.toSorted(), ["@spawner", "app/1"]);
    assert.equal(
      subjects(here.journal(), "instance.started").filter((it) => it === "job/1").length,
      1,
    );
    // A person who ends and begins everything wants everything.
    await here.cli("down");
    await here.up();
    await until("both run again", 5_000, async () => {
      const again = subjects(here.journal(), "instance.started");
      const count = (name: string): number => again.filter((it) => it === name).length;
      return count("job/1") === 2 && count("hopeless/1") > 3 ? true : undefined;
    });
  });

  test("a process that leads a group of its own is not taken for the instance", async (t) => {
    const here = await project(t, () => ({ services: { app: service() } }));
    const daemon = await here.up();
    await here.healthy();
    const { pid } = here.leader("app/1");
    await tell(here, "app/1", "/detached");
    daemon.kill("SIGKILL");
    await exited(daemon, 5_000);
    await here.up();
    const view = await here.healthy();
    assert.equal(view.services[0]?.instances[0]?.pid, pid);
    await here.cli("down");
    assert.deepEqual(here.marked(), []);
  });
});

describe("the gateway process", { timeout: 90_000 }, () => {
  test("killed, it is started again and serves within 2 s; hanging, it is replaced", async (t) => {
    let port = 0;
    const here = await project(t, (_, next) => {
      port = next();
      return { services: { app: service({ port }) } };
    });
    await here.up();
    await here.healthy();
    assert.equal(await status(port), 200);
    const first = here.leader("@gateway").pid;
    process.kill(first, "SIGKILL");
    const fromMs = performance.now();
    const serves = (): Promise<true | undefined> =>
      status(port).then(
        (code) => (code === 200 ? true : undefined),
        () => undefined,
      );
    await until("the gateway serves", 10_000, serves);
    const tookMs = performance.now() - fromMs;
    assert.ok(tookMs < 2_000, `${Math.round(tookMs)} ms`);
    const second = here.leader("@gateway").pid;
    assert.notEqual(second, first);
    process.kill(second, "SIGSTOP");
    await until("another gateway serves", 30_000, serves);
    assert.notEqual(here.leader("@gateway").pid, second);
    assert.deepEqual((await here.view()).incidents, []);
  });
});

describe("people decide", side, () => {
  test("pause stops all actions and says so; resume heals", async (t) => {
    const here = await project(t, () => ({ services: { app: service({ replicas: 2 }) } }));
    const daemon = await here.up();
    await here.healthy();
    assert.equal((await here.cli("pause", "a", "look")).code, 0);
    process.kill(here.leader("app/1").pid, "SIGKILL");
    await sleep(1_500);
    assert.equal(
      here.marked().some((it) => it.target === "app/1"),
      false,
    );
    const said = await here.cli("status");
    assert.match(said.out, /stopped/i);
    assert.match(said.out, /a look/);
    // Nor does a new daemon start it: the pause is in the journal.
    daemon.kill("SIGKILL");
    await exited(daemon, 5_000);
    await here.up();
    await sleep(1_000);
    assert.equal(
      here.marked().some((it) => it.target === "app/1"),
      false,
    );
    assert.equal((await here.cli("resume")).code, 0);
    await here.healthy();
    await incident(here, "app", (it) => it.state === "resolved");
  });

  test("an approval runs once, and twice is refused; a denial goes to a person", async (t) => {
    const here = await project(t, () => ({
      services: { app: service(), other: service() },
      healing: { ...healing, mode: "suggest", modes: { start: "suggest" } },
    }));
    await here.up();
    await here.healthy();
    process.kill(here.leader("app/1").pid, "SIGKILL");
    const asked = await until("an approval", 5_000, async () => (await here.view()).approvals[0]);
    assert.equal(asked.action, "start");
    assert.equal((await here.cli("approve", asked.id)).code, 0);
    const again = await here.post(`/api/approvals/${asked.id}/approve`);
    assert.equal(again.status, 409);
    assert.match(JSON.stringify(again.body), /APPROVAL_CLOSED/);
    const healed = await incident(here, "app", (it) => it.state === "resolved");
    assert.equal(healed.incident.actions.length, 1);
    process.kill(here.leader("other/1").pid, "SIGKILL");
    const next = await until(
      "another approval",
      5_000,
      async () => (await here.view()).approvals[0],
    );
    assert.equal((await here.cli("deny", next.id)).code, 0);
    const handed = await incident(here, "other", (it) => it.state === "escalated");
    assert.equal(
      handed.incident.actions.every((it) => it.kind === "page"),
      true,
    );
    assert.equal(
      here.marked().some((it) => it.target === "other/1"),
      false,
    );
    assert.equal((await here.cli("approve", next.id)).code, 75);
  });

  test("a restart of a service that is not there is refused by name", async (t) => {
    const here = await project(t, () => ({ services: { app: service() } }));
    await here.up();
    const refused = await here.cli("restart", "ap");
    assert.equal(refused.code, 75);
    assert.match(refused.err, /no service ap; known: app/);
  });
});

describe("awkward processes", side, () => {
  test("an exit with 0 is not answered", async (t) => {
    const here = await project(t, () => ({ services: { job: service() } }));
    await here.up();
    await here.healthy();
    await tell(here, "job/1", "/end?n=0");
    await sleep(1_500);
    assert.deepEqual(subjects(here.journal(), "instance.started"), ["job/1"]);
    assert.deepEqual((await here.view()).incidents, []);
  });

  test("a program that is gone is an incident with back-off, and runs when it is back", async (t) => {
    const here = await project(t, (folder) => {
      const [node = "", file = ""] = command;
      writeFileSync(join(folder, "run"), `#!/bin/sh\nexec ${node} ${file}\n`);
      chmodSync(join(folder, "run"), 0o755);
      return { services: { app: service({ command: ["./run"] }) } };
    });
    await here.up();
    await here.healthy();
    const program = join(here.folder, "run");
    copyFileSync(program, `${program}.kept`);
    rmSync(program);
    process.kill(here.leader("app/1").pid, "SIGKILL");
    await sleep(4_000);
    const exits = here.journal().filter((it) => it.type === "instance.exited");
    assert.ok(exits.length >= 3 && exits.length <= 10, `${exits.length} exits in 4 s`);
    assert.match(exits.at(-1)?.data.text ?? "", /no command/);
    renameSync(`${program}.kept`, program);
    await here.healthy();
    await incident(here, "app", (it) => it.state === "resolved");
  });

  test("whoever ignores TERM is killed after its wait, its children with it", async (t) => {
    const here = await project(t, () => ({
      services: { app: service({ env: { IGNORES_TERM: 1 }, stop: { wait: "500ms" } }) },
    }));
    await here.up();
    await here.healthy();
    await tell(here, "app/1", "/child");
    const old = here.marked().filter((it) => it.target === "app/1");
    assert.equal(old.length, 2);
    const restarted = await here.cli("restart", "app");
    assert.equal(restarted.code, 0);
    const now = here.marked().filter((it) => it.target === "app/1");
    assert.equal(now.length, 1);
    assert.equal(
      old.some((it) => it.pid === now[0]?.pid),
      false,
    );
    await tell(here, "app/1", "/child");
    process.kill(here.leader("app/1").pid, "SIGKILL");
    await incident(here, "app", (it) => it.state === "resolved");
    assert.equal(here.marked().filter((it) => it.target === "app/1").length, 1);
  });

  test("a config file that becomes a folder ends nothing", async (t) => {
    const here = await project(t, (folder) => {
      writeFileSync(join(folder, "app.conf"), "a");
      return { services: { app: service({ configFiles: ["app.conf"] }) } };
    });
    const daemon = await here.up();
    await here.healthy();
    const file = join(here.folder, "app.conf");
    rmSync(file);
    mkdirSync(file);
    await sleep(1_200);
    assert.equal(daemon.exitCode, null);
    process.kill(here.leader("app/1").pid, "SIGKILL");
    await incident(here, "app", (it) => it.state === "resolved");
    assert.match(here.log(), /not watched/);
  });

  test("50 MB of log lines do not make the daemon grow", async (t) => {
    const here = await project(t, () => ({ services: { app: service() } }));
    const daemon = await here.up();
    await here.healthy();
    await sleep(1_000);
    const before = rssMiB(daemon.pid);
    await tell(here, "app/1", `/flood?n=${50 * 1_024}`);
    await here.healthy();
    const { out } = await here.cli("logs", "app", "-n", "5");
    assert.match(out, /x{100}/);
    process.kill(here.leader("app/1").pid, "SIGKILL");
    await incident(here, "app", (it) => it.state === "resolved");
    const grown = rssMiB(daemon.pid) - before;
    assert.ok(grown < 40, `the daemon grew by ${grown} MiB`);
  });
});

function rssMiB(pid: number | undefined): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]);
  return Math.round((pages * 4_096) / 1_048_576);
}
