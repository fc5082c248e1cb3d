// Where groups can be made, in trees of both versions that are laid out as the kernel would.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type CgroupSite, readSite } from "./linux-cgroup.ts";

const root = mkdtempSync(join(tmpdir(), "homeostat-cgroup-"));
after(() => rmSync(root, { recursive: true, force: true }));
let made = 0;

type Files = Readonly<Record<string, string>>;

function lay(files: Files): string {
  const folder = join(root, `t${made++}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** A tree of version 2 at whose `own` this process is. */
function unified(own: string, files: Files): { readonly site: CgroupSite; readonly at: string } {
  const at = lay(files);
  const mounts = `31 23 0:28 / ${at} rw - cgroup2 cgroup2 rw,nsdelegate\n`;
  return { site: readSite(`0::${own}\n`, mounts), at };
}

const all = "memory cpu pids";

describe("a cgroup of version 2", () => {
  it("is made in a delegated one, which hands its controllers down and has no process left", () => {
    const { site, at } = unified("/app", {
      "app/cgroup.controllers": all,
      "app/cgroup.subtree_control": "",
      "app/cgroup.procs": `${process.pid}\n`,
    });
    assert.deepEqual(site.powers, { memory: true, cpu: true, pids: true, why: "" });
    const resources = { memoryBytes: 1_048_576, cpu: 0.5, processes: 7 };
    const [entry = "", ...more] = site.open("/p", "web/1", resources);
    assert.deepEqual(more, []);
    const group = join(entry, "..");
    assert.match(group, /app\/homeostat-[0-9a-f]{8}-web-1$/);
    const read = (name: string): string => readFileSync(join(group, name), "utf8");
    assert.deepEqual(
      [read("memory.max"), read("cpu.max"), read("pids.max")],
      ["1048576", "50000 100000", "7"],
    );
    assert.equal(
      readFileSync(join(at, "app/cgroup.subtree_control"), "utf8"),
      "+memory +cpu +pids",
    );
    const moved = readFileSync(join(at, "app/homeostat-daemon/cgroup.procs"), "utf8");
    assert.equal(moved, String(process.pid));
  });

  it("is made beside this one, when that hands down already", () => {
    const { site, at } = unified("/app/main", {
      "app/cgroup.controllers": all,
      "app/cgroup.subtree_control": all,
      "app/cgroup.procs": "",
      "app/main/cgroup.controllers": all,
      "app/main/cgroup.subtree_control": "",
      "app/main/cgroup.procs": "1\n",
    });
    assert.equal(site.powers.memory, true);
    const [entry = ""] = site.open("/p", "web/1", { processes: 7 });
    assert.equal(join(entry, "../.."), join(at, "app"));
  });

  it("cannot be had where others live, and says so", () => {
    const { site } = unified("/session", {
      "session/cgroup.controllers": all,
      "session/cgroup.subtree_control": "",
      "session/cgroup.procs": "1\n",
    });
    assert.deepEqual([site.powers.memory, site.powers.pids], [false, false]);
    assert.match(site.powers.why, /session has other processes in it: with systemd, set Delegate/);
    assert.deepEqual(site.open("/p", "web/1", { processes: 7 }), []);
  });

  it("has only the controllers that it was given", () => {
    const { site } = unified("/app", {
      "app/cgroup.controllers": "pids",
      "app/cgroup.subtree_control": "pids",
      "app/cgroup.procs": "",
    });
    const { memory, pids, why } = site.powers;
    assert.deepEqual({ memory, pids }, { memory: false, pids: true });
    assert.match(why, /was not given the controller memory/);
  });

  it("tells how often the kernel has ended something in it", () => {
    const { site } = unified("/app", {
      "app/cgroup.controllers": all,
      "app/cgroup.subtree_control": all,
      "app/cgroup.procs": "",
    });
    assert.equal(site.oomKills("/p", "web/1"), undefined);
    const [entry = ""] = site.open("/p", "web/1", { memoryBytes: 1 });
    writeFileSync(join(entry, "../memory.events"), "low 0\noom 3\noom_kill 2\noom_group_kill 0\n");
    assert.equal(site.oomKills("/p", "web/1"), 2);
    assert.equal(site.close("/p", "other/1"), true, "never made");
  });
});

describe("a cgroup of version 1", () => {
  it("is made in each hierarchy that is needed, as a container sees it", () => {
    const at = lay({ "memory/x": "", "cpu/x": "", "pids/x": "" });
    const mount = (name: string, of: string): string =>
      `35 31 0:32 /docker/abc ${join(at, name)} rw - cgroup cgroup rw,${of}\n`;
    const site = readSite(
      "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n2:pids:/docker/abc\n0::/\n",
      mount("memory", "memory") + mount("cpu", "cpu,cpuacct") + mount("pids", "pids"),
    );
    assert.deepEqual(site.powers, { memory: true, cpu: true, pids: true, why: "" });
    const entries = site.open("/p", "web/1", { memoryBytes: 8_388_608, cpu: 2 });
    assert.equal(entries.length, 2);
    const [memory = "", cpu = ""] = entries.map((entry) => join(entry, ".."));
    assert.equal(readFileSync(join(memory, "memory.limit_in_bytes"), "utf8"), "8388608");
    assert.equal(readFileSync(join(cpu, "cpu.cfs_quota_us"), "utf8"), "200000");
    writeFileSync(join(memory, "memory.oom_control"), "under_oom 0\noom_kill 1\n");
    assert.equal(site.oomKills("/p", "web/1"), 1);
    assert.equal(existsSync(join(at, "pids", memory.split("/").at(-1) ?? "")), false);
  });
});

it("a machine without cgroups says so", () => {
  const { powers } = readSite("", "");
  assert.deepEqual(powers, {
    memory: false,
    cpu: false,
    pids: false,
    why: "there are no cgroups here",
  });
});
