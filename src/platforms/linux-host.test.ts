// Figures of the machine from files as kernels write them, of both kinds of control groups.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { mountsOf } from "./linux-disks.ts";
import { hostReader } from "./linux-host.ts";

type Files = Readonly<Record<string, string>>;

function withFiles(files: Files, look: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-host-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    look(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const proc: Files = {
  stat: "cpu  100 0 50 800 20 5 5 20 7 0\ncpu0 100 0 50 800 20 5 5 20 7 0\nintr 1 2 3\n",
  meminfo:
    "MemTotal:  1000 kB\nMemFree: 100 kB\nMemAvailable:  250 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
  "pressure/io":
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=3000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1000\n",
  "sys/fs/file-nr": "1045\t0\t9223372036854775807\n",
  "net/dev":
    "Inter-| Receive | Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes\n" +
    "    lo: 9 9 9 9 0 0 0 0 9 9 9 9 0 0 0 0\n  eth0: 1000 7 1 2 0 0 0 0 500 6 3 4 0 0 0 0\n" +
    "eth1:10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n",
};

test("what the kernel tells is read, and what it does not tell is absent", () => {
  withFiles(proc, (folder) => {
    const reader = hostReader({ proc: folder, own: "", mounts: "" });
    for (const figures of [reader.read(), reader.read()]) {
      const { cpu, ...rest } = figures;
      assert.deepEqual(
        [cpu?.allMs, cpu?.busyMs, cpu?.ioWaitMs, cpu?.stealMs],
        [10_000, 1_800, 200, 200],
      );
      assert.deepEqual(rest, {
        memory: {
          ...{ totalBytes: 1_024_000, availableBytes: 256_000 },
          ...{ swapBytes: 0, swapFreeBytes: 0 },
        },
        pressure: [
          { resource: "io", kind: "some", waitedMs: 3_000 },
          { resource: "io", kind: "full", waitedMs: 1 },
        ],
        fds: { open: 1_045 },
        network: { receivedBytes: 1_010, sentBytes: 520, errors: 10 },
      });
    }
    reader.close();
  });
  const none = hostReader({ proc: "/nowhere", own: "", mounts: "" });
  assert.deepEqual(none.read(), { pressure: [] });
});

test("version 2: the narrowest limit above counts, without the cache that can go", () => {
  const files: Files = {
    "pod/cpu.max": "50000 100000\n",
    "pod/cpu.stat": "usage_usec 2500000\nuser_usec 1\nnr_periods 40\nnr_throttled 10\n",
    "pod/one/cpu.max": "max 100000\n",
    "pod/memory.max": "max\n",
    "pod/one/memory.max": "1000000\n",
    "pod/one/memory.current": "700000\n",
    "pod/one/memory.stat": "anon 1\ninactive_file 200000\n",
  };
  withFiles(files, (folder) => {
    const mounts = `31 23 0:28 / ${folder} rw shared:9 - cgroup2 cgroup2 rw\n`;
    const reader = hostReader({ proc: "/nowhere", own: "0::/pod/one\n", mounts });
    const { groupCpu, groupMemory } = reader.read();
    assert.deepEqual(groupCpu, { usedMs: 2_500, cores: 0.5, periods: 40, throttled: 10 });
    assert.deepEqual(groupMemory, { usedBytes: 500_000, mostBytes: 1_000_000 });
    reader.close();
  });
});

test("version 1: each controller has its own tree, a container sees its part, and -1 is no limit", () => {
  const files: Files = {
    "cpu/cpu.cfs_quota_us": "200000\n",
    "cpu/cpu.cfs_period_us": "100000\n",
    "cpu/cpu.stat": "nr_periods 5\nnr_throttled 1\nthrottled_time 7\n",
    "acct/cpuacct.usage": "3000000000\n",
    "memory/memory.limit_in_bytes": "9223372036854771712\n",
    "memory/memory.usage_in_bytes": "5\n",
  };
  withFiles(files, (folder) => {
    const mount = (name: string, options: string): string =>
      `32 31 0:29 /docker/a ${folder}/${name} rw - cgroup cgroup rw,${options}\n`;
    const mounts = mount("cpu", "cpu") + mount("acct", "cpuacct") + mount("memory", "memory");
    const own = "3:memory:/docker/a\n2:cpuacct:/docker/a\n1:cpu:/docker/a\n0::/\n";
    const reader = hostReader({ proc: "/nowhere", own, mounts });
    const { groupCpu, groupMemory } = reader.read();
    assert.deepEqual(groupCpu, { usedMs: 3_000, cores: 2, periods: 5, throttled: 1 });
    assert.equal(groupMemory, undefined);
    reader.close();
  });
});

test("the mount points of paths, each once", () => {
  const mounts = "1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /da\\040ta rw - ext4 b rw\n";
  assert.deepEqual(mountsOf(["/da ta/x", "/nowhere/y", "/da tax"], mounts), ["/", "/da ta"]);
});
