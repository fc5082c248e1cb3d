// The disk of journal and logs is full: the daemon lives, says so, heals while it can, and goes on.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { createProject, exited, type Project, until } from "./support/project.ts";
import { healing, service } from "./support/trial.ts";

/** In words, why a small disk cannot be had here. */
function whyNot(): string | false {
  return process.getuid?.() === 0 ? false : "mounting a small disk needs root";
}

/** Writes until nothing goes in any more. */
function fill(file: string): void {
  const fd = openSync(file, "a");
  for (const bytes of [65_536, 512]) {
    const piece = Buffer.alloc(bytes, 1);
    try {
      for (;;) writeSync(fd, piece);
    } catch {
      // ENOSPC is what was wanted.
    }
  }
  closeSync(fd);
}

async function smallProject(): Promise<Project> {
  return createProject((folder, port) => {
    const state = join(folder, ".homeostat");
    mkdirSync(state);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", state]);
    return { healing, services: { web: service({ port: port() }) } };
  });
}

const runsAgain = (project: Project, before: number): Promise<true> =>
  until("web runs again", 20_000, async () => {
    const now = project.marked().filter(({ target, leader }) => target === "web/1" && leader);
    return now[0] !== undefined && now[0].pid !== before ? true : undefined;
  });

it("a full disk ends neither the daemon nor, while its reserve lasts, the healing", {
  skip: whyNot(),
}, async () => {
  const project = await smallProject();
  const { state } = project;
  const [ballast, more] = [join(state, "ballast"), join(state, "more")];
  try {
    const daemon = await project.up();
    await project.healthy();
    assert.ok(existsSync(join(state, "reserve")));
    fill(ballast);
    const first = project.leader("web/1").pid;
    process.kill(first, "SIGKILL");
    await runsAgain(project, first);
    assert.equal(existsSync(join(state, "reserve")), false, "the reserve was given up");
    await until("it is told", 20_000, async () =>
      /disk of journal and logs is nearly full/.test((await project.view()).verdict.text)
        ? true
        : undefined,
    );
    const raised = project.journal().find(({ type }) => type === "symptom.raised");
    assert.ok(raised);
    await project.healthy();

    fill(more);
    await until("nothing can be written any more", 40_000, async () => {
      fill(more);
      return /nothing is decided until there is room/.test(project.log()) ? true : undefined;
    });
    const second = project.leader("web/1").pid;
    process.kill(second, "SIGKILL");
    await until("it says that nothing is healed", 20_000, async () => {
      fill(more);
      return /nothing is healed/.test((await project.view()).verdict.text) ? true : undefined;
    });
    const refused = await project.post("/api/pause", { reason: "works" });
    assert.ok(refused.status >= 400, JSON.stringify(refused));
    assert.match(JSON.stringify(refused.body), /nothing can be written down/);
    assert.equal(daemon.exitCode, null);

    rmSync(ballast);
    rmSync(more);
    await runsAgain(project, second);
    await until("the reserve is back", 90_000, async () =>
      existsSync(join(state, "reserve")) ? true : undefined,
    ).catch(() => assert.fail("no reserve"));
    await until("all is well", 30_000, async () =>
      /well/.test((await project.view()).verdict.text) ? true : undefined,
    );
    const { code, out } = await project.cli("--json", "replay");
    assert.equal(code, 0, out);
    await project.cli("down");
    assert.equal(await exited(daemon, 20_000), 0);
    assert.deepEqual(project.marked(), []);
  } finally {
    for (const file of [ballast, more]) rmSync(file, { force: true });
    for (const { pid } of project.marked()) process.kill(pid, "SIGKILL");
    execFileSync("umount", ["-l", state]);
    await project.remove();
  }
});
