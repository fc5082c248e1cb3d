// Real processes with users, rights, limits and env files: what they have, and what is refused.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: configs are written so.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { linuxPlatform } from "../../src/platforms/linux.ts";
import type { Ended, Platform, ProcessSettings, StartSpec } from "../../src/platforms/platform.ts";
import { readPowers } from "../../src/platforms/powers.ts";
import { eventually, within } from "../../src/testing/waiting.ts";
import { createProject, type Project, until } from "./support/project.ts";

const powers = readPowers(process.env.PATH ?? "");
const noRoot = powers.switchesUser ? false : "only root may change the user";
const noGroup = powers.cgroups.pids ? false : `no cgroup: ${powers.cgroups.why}`;
const noSetpriv = noRoot || (powers.hasProgram("setpriv") ? false : "setpriv is not installed");
/** On every Linux: the user and group of overflow, which own nothing. */
const nobody = 65_534;

describe("a process", () => {
  let folder: string;
  let platform: Platform;
  let made = 0;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "homeostat-settings-"));
    platform = linuxPlatform({ uidOf: () => nobody });
  });
  after(async () => {
    for (const { identity } of platform.scan(folder)) platform.signal(identity, "SIGKILL");
    await eventually("nothing is left", () => platform.scan(folder).length === 0);
    rmSync(folder, { recursive: true, force: true });
  });

  const spec = (script: string, settings: ProcessSettings): StartSpec => ({
    target: "web/1",
    project: folder,
    run: "r1",
    command: ["/bin/sh", "-c", script],
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    logFile: join(folder, `${made++}.log`),
    settings,
  });
  async function ran(script: string, settings: ProcessSettings): Promise<Ended & { out: string }> {
    const asked = spec(script, settings);
    const identity = await platform.start(asked);
    const ended = await within(10_000, platform.ended(identity));
    return { ...ended, out: readFileSync(asked.logFile, "utf8").trim() };
  }

  it("has umask, limits, nice and oomScore, and keeps its pid", async () => {
    const asked = spec(
      "echo $$; umask; ulimit -n; ulimit -Hc; nice; cat /proc/self/oom_score_adj",
      {
        umask: "027",
        ulimit: { files: 200, coreMiB: 0 },
        nice: 7,
        oomScore: 321,
      },
    );
    const identity = await platform.start(asked);
    await within(10_000, platform.ended(identity));
    const lines = readFileSync(asked.logFile, "utf8").trim().split("\n");
    assert.deepEqual(lines, [String(identity.pid), "0027", "200", "0", "7", "321"]);
  });

  it("is told why a setting was refused, and ends with code 78", async () => {
    const { code, out } = await ran("echo ran", { ulimit: { files: 2_000_000_000 } });
    assert.equal(code, 78);
    assert.match(
      out,
      /^homeostat: ulimit\.files could not be set to 2000000000: the hard limit is/,
    );
    const group = join(folder, "no/cgroup.procs");
    const refused = await ran("echo ran", { cgroups: [group] });
    assert.deepEqual(
      [refused.code, refused.out],
      [78, `homeostat: the cgroup ${group} could not be entered`],
    );
  });

  it("runs as another user without the groups of this one", { skip: noRoot }, async () => {
    const account = { uid: nobody, gid: nobody, groups: [] };
    assert.equal((await ran("id -u; id -G", { account })).out, `${nobody}\n${nobody}`);
  });

  it("runs as another user with further groups and what only root may give", {
    skip: noSetpriv,
  }, async () => {
    const account = { uid: nobody, gid: nobody, groups: [1, 2] };
    const { out } = await ran("id -u; id -G; nice; umask", { account, nice: -2, umask: "077" });
    assert.equal(out, `${nobody}\n${nobody} 1 2\n-2\n0077`);
  });

  it("of another user is found again only as the instance that it is", {
    skip: noRoot,
  }, async () => {
    const account = { uid: nobody, gid: nobody, groups: [] };
    const identity = await platform.start(spec("exec sleep 60", { account }));
    const pidsOf = (of: Platform): readonly number[] =>
      of.scan(folder).map((found) => found.identity.pid);
    assert.deepEqual(pidsOf(platform), [identity.pid]);
    assert.deepEqual(pidsOf(linuxPlatform()), []);
    assert.deepEqual(pidsOf(linuxPlatform({ uidOf: () => 1 })), []);
    platform.signalGroup(identity, "SIGKILL");
    await within(10_000, platform.ended(identity));
  });

  it("cannot change the user without root, and says so", { skip: noRoot }, () => {
    writeFileSync(join(folder, "closed.env"), "A=1\n", { mode: 0o000 });
    const source = (path: string): string => new URL(`../../src/${path}`, import.meta.url).href;
    const script = `
      const { linuxPlatform } = await import(${JSON.stringify(source("platforms/linux.ts"))});
      const { judge } = await import(${JSON.stringify(source("wiring/load.ts"))});
      const asked = ${JSON.stringify({ ...spec("exit 0", {}), logFile: "/dev/null" })};
      process.setgroups([]); process.setgid(${nobody}); process.setuid(${nobody});
      const settings = { account: { uid: 1, gid: 1, groups: [] } };
      await linuxPlatform().start({ ...asked, settings }).catch((e) => console.log(e.code, e.message));
      const web = { command: ["/bin/sh"], user: 0, nice: -5, envFiles: ["closed.env"] };
      const options = { folder: ${JSON.stringify(folder)}, env: process.env };
      await judge({ services: { web } }, "x.yaml", options).catch((e) => console.log(e.message));`;
    spawnSync("chmod", ["755", folder]);
    const args = ["--conditions=source", "--input-type=module", "-e", script];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    const known = [
      /^SPAWN_FAILED web\/1: it may not run as user 1 and group 1: only root may .* \(EPERM\)$/m,
      /services\.web\.user +expected no other user than that of Homeostat itself, .*only root/,
      /services\.web\.nice +expected 0 or more/,
      /services\.web\.envFiles\[0\] +expected a file that can be read, got "closed.env": EACCES/,
    ];
    for (const pattern of known) assert.match(stdout, pattern, stderr);
  });
});

describe("homeostat up", () => {
  const secret = "s3cr3t-8121";
  let project: Project;
  before(async () => {
    project = await createProject((folder) => {
      writeFileSync(join(folder, "app.env"), `TOKEN='${secret}'\nexport WHERE="\${PATH}/x"\n`);
      const say = [
        "/bin/sh",
        "-c",
        'echo "i=$HOMEOSTAT_INDEX/$HOMEOSTAT_REPLICAS ${#TOKEN} $ME $1"; exec sleep 600',
        "sh",
        "${name}-${index}",
      ];
      return {
        services: {
          app: {
            command: say,
            replicas: 2,
            envFiles: ["app.env", "none.env?"],
            env: { ME: "me-${index}" },
          },
          ...(noRoot ? {} : { other: { command: "sleep 600", user: nobody, group: nobody } }),
          ...(noRoot || noGroup
            ? {}
            : {
                few: {
                  command: "for i in 1 2 3 4 5 6 7 8; do sleep 600 & done; wait",
                  resources: { pidsMax: 4 },
                  restart: { when: "never" as const },
                },
              }),
        },
      };
    });
  });
  after(() => project.remove());
  const logOf = (name: string): string => {
    const file = join(project.state, "logs", name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  };

  it("gives each instance its index and its env files, and tells their values to nobody", async () => {
    const { code, out } = await project.cli("check");
    assert.equal(code, 0);
    assert.match(
      out,
      /env +that of Homeostat, app\.env \(TOKEN, WHERE\), none\.env \(absent\), config \(ME\)/,
    );
    await project.up();
    const line = (i: number): Promise<string> =>
      until("it speaks", 10_000, async () => logOf(`app-${i}.log`).split("\n")[0] || undefined);
    assert.equal(await line(1), `i=0/2 ${secret.length} me-0 app-0`);
    assert.equal(await line(2), `i=1/2 ${secret.length} me-1 app-1`);
    await until(
      "both are adopted by the journal",
      10_000,
      async () =>
        project.journal().filter(({ type }) => type === "instance.started").length >= 2 ||
        undefined,
    );
    for (const text of [
      out,
      project.log(),
      JSON.stringify(project.journal()),
      JSON.stringify(await project.view()),
    ]) {
      assert.ok(!text.includes(secret));
    }
  });

  it("holds an instance and its children to its cgroup", { skip: noRoot || noGroup }, async () => {
    await until(
      "fork is refused",
      10_000,
      async () => /fork/i.test(logOf("few-1.log")) || undefined,
    );
    assert.ok(project.marked().filter(({ target }) => target === "few/1").length <= 4);
  });

  it("finds a process of another user again after its own death, and ends it", {
    skip: noRoot,
  }, async () => {
    const leader = (): number | undefined =>
      project.marked().find(({ target, leader }) => target === "other/1" && leader)?.pid;
    const pid = await until("it runs", 10_000, async () => leader());
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    assert.match(status, new RegExp(`^Uid:\\t${nobody}\\t`, "m"));
    const note = JSON.parse(readFileSync(join(project.state, "daemon.json"), "utf8"));
    process.kill(note.pid, "SIGKILL");
    await until(
      "the daemon is gone",
      10_000,
      async () => !existsSync(`/proc/${note.pid}`) || undefined,
    );
    rmSync(join(project.state, "daemon.json"));
    await project.up();
    assert.equal(leader(), pid);
    await project.cli("down");
    await until("nothing is left", 15_000, async () => leader() === undefined || undefined);
    assert.equal(existsSync(`/proc/${pid}`), false);
  });

  it("removes its cgroups", { skip: noRoot || noGroup }, async () => {
    const own = readFileSync("/proc/self/cgroup", "utf8");
    if (!/:pids:\/$/m.test(own)) return;
    const left = readdirSync("/sys/fs/cgroup/pids").filter((name) => name.endsWith("-few-1"));
    assert.deepEqual(left, []);
  });
});
