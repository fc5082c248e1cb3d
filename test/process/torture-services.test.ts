// Services that do everything a service should not, all at once: the daemon and the others go on.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Event } from "../../src/model/event.ts";
import type { Exit } from "../../src/model/instance.ts";
import { freeingIn } from "../../src/platforms/log/free.ts";
import { readPowers } from "../../src/platforms/powers.ts";
import { createProject, exited, type Project, until } from "./support/project.ts";
import { deadly, ending, flooder, hopeless, living } from "./support/torture.ts";
import { service } from "./support/trial.ts";

const floodBytes = 300_000_000;
const noGroup = readPowers(process.env.PATH ?? "").cgroups.memory ? false : "no cgroup for memory";

let project: Project;
let daemon: Awaited<ReturnType<Project["up"]>>;
let disk: string | undefined;
let restBytes = 0;
let mostBytes = 0;
const samples: NodeJS.Timeout[] = [];

before(async () => {
  project = await createProject((_, port) => {
    disk = mountSmall();
    const fill = `cat /dev/zero > full; echo "could not write more"; exec sleep 600`;
    const ends = Object.entries(ending).filter(([name]) => name !== "memory" || !noGroup);
    return {
      services: {
        well: service({ port: port(), replicas: 2 }),
        ...living,
        ...Object.fromEntries(ends.map(([name, { config }]) => [name, config])),
        hopeless,
        flood: flooder(floodBytes),
        ...(disk === undefined ? {} : { filler: { command: fill, cwd: disk } }),
      },
    };
  });
  daemon = await project.up();
  restBytes = rssOf(daemon.pid);
  samples.push(
    setInterval(() => {
      mostBytes = Math.max(mostBytes, rssOf(daemon.pid));
    }, 200),
  );
});

after(async () => {
  for (const timer of samples) clearInterval(timer);
  await project.remove();
  if (disk === undefined) return;
  execFileSync("umount", [disk]);
  rmdirSync(disk);
});

/** Undefined where this is not allowed. */
function mountSmall(): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "homeostat-small-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" });
    return folder;
  } catch {
    rmdirSync(folder);
    return undefined;
  }
}

function rssOf(pid: number | undefined): number {
  try {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kib ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

function exitsOf(name: string): readonly Exit[] {
  return project
    .journal()
    .flatMap((event: Event) =>
      event.type === "instance.exited" && event.subject === `${name}/1` ? [event.data] : [],
    );
}

const isReady = async (name: string): Promise<true | undefined> => {
  const { services } = await project.view();
  return services.find((it) => it.name === name)?.health === "healthy" ? true : undefined;
};

describe("services that do what no service should", () => {
  for (const [name, { text, expected = false }] of Object.entries(ending)) {
    const skip = name === "memory" && noGroup;
    it(`${name} is told as ${text.source}`, { skip }, async () => {
      const exit = await until(`${name} ends`, 40_000, async () => exitsOf(name)[0]);
      assert.match(exit.text, text);
      assert.equal(exit.expected, expected);
    });
  }

  it("what ended as it should is not started again, and is no incident", async () => {
    const events = project.journal();
    for (const name of ["zero", "leaver"]) {
      const own = events.filter(({ subject }) => subject === `${name}/1`);
      assert.equal(own.filter(({ type }) => type === "instance.started").length, 1, name);
      assert.equal(own.filter(({ type }) => type === "symptom.raised").length, 0, name);
    }
  });

  it("what dies at once is given up with an incident, and tried again all the same", async () => {
    await until("a try after it was given up", 30_000, async () => {
      const events = project.journal().filter(({ subject }) => subject === "hopeless/1");
      const from = events.findIndex(
        (it) => it.type === "guard.refused" && it.data.why.rule === "give-up",
      );
      const tries = events
        .slice(Math.max(0, from))
        .filter(({ type }) => type === "instance.started");
      return from >= 0 && tries.length >= 2 ? true : undefined;
    });
    const { incidents } = await project.view();
    const own = incidents.find((it) => JSON.stringify(it).includes("hopeless"));
    assert.ok(own, "its incident is open");
    const told = await until("when it is tried again is told", 10_000, async () => {
      const { incident } = await project.incident(own.id);
      return incident.standing?.untilMs === undefined ? undefined : incident;
    });
    assert.equal(told.state, "escalated");
  });

  it("what was left by those that ended does not stay", async () => {
    await until("no process of theirs is left", 15_000, async () => {
      const left = project.marked().filter(({ target }) => /^(orphaner|leaver)\//.test(target));
      return left.length === 0 ? true : undefined;
    });
  });

  it("who forks, is deaf or mute, or fills its disk runs on", async () => {
    const names = [...Object.keys(living), ...(disk === undefined ? [] : ["filler"])];
    for (const name of names) await until(`${name} runs`, 20_000, () => isReady(name));
    for (const name of names) assert.deepEqual(exitsOf(name), [], name);
  });

  it("a full disk of a service is its own affair", {
    skip: process.getuid?.() !== 0,
  }, async () => {
    if (disk === undefined) return;
    const log = join(project.state, "logs", "filler-1.log");
    await until("it has filled its disk", 10_000, async () =>
      /could not write more/.test(readFileSync(log, "latin1")) ? true : undefined,
    );
    await project.healthy(1_000).catch(() => {});
    assert.equal(await isReady("well"), true);
  });

  it("a flood of log is held to its bound, and the daemon does not grow with it", async (t) => {
    const logs = join(project.state, "logs");
    const isOver = (): true | undefined =>
      statSync(join(logs, "flood-1.log")).size >= floodBytes * 0.9 ? true : undefined;
    await until("the flood is over", 40_000, async () => isOver());
    if (!(await freeingIn(logs)).punch) return t.skip("no file can be freed in place here");
    const used = (): number =>
      readdirSync(logs)
        .filter((name) => name.startsWith("flood-1.log"))
        .reduce((sum, name) => sum + statSync(join(logs, name)).blocks * 512, 0);
    await until("the rotation has caught up", 20_000, async () =>
      used() <= 40_000_000 ? true : undefined,
    );
    assert.ok(mostBytes - restBytes < 80_000_000, `${restBytes} → ${mostBytes} bytes`);
  });

  it("nobody else noticed: the well are well, and none of them was restarted", async () => {
    assert.equal(await isReady("well"), true);
    const events = project.journal().filter(({ subject }) => subject.startsWith("well/"));
    assert.equal(events.filter(({ type }) => type === "instance.started").length, 2);
    assert.equal(daemon.exitCode, null);
  });

  it("down leaves nothing behind, and lets a child end in its own time", async () => {
    const { code } = await project.cli("down");
    assert.equal(code, 0);
    assert.equal(await exited(daemon, 20_000), 0);
    assert.deepEqual(project.marked(), []);
    const said = readFileSync(join(project.state, "logs", "slowchild-1.log"), "utf8");
    assert.match(said, /child done/, "its leader ended first, and it was not killed for that");
    const deaf = exitsOf("deaf")[0];
    assert.deepEqual([deaf?.text, deaf?.stopped], ["killed by SIGKILL", true]);
  });
});

it("every signal that ends a process is among them", () => {
  assert.ok(deadly.length >= 20, `${deadly.length}`);
});
