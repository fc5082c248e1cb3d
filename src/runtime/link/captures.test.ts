// Tests of captures: one at a time, whole or not there, for the owner only, and refused without room.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { simClock } from "../../testing/sim-clock.ts";
import { type CaptureOptions, createCaptures } from "./captures.ts";

const folder = mkdtempSync(join(tmpdir(), "homeostat-captures-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const mebi = 1024 * 1024;

function captures(over: Partial<CaptureOptions> = {}) {
  const clock = simClock();
  const writeReport = (to: string): string => {
    const path = join(to, "report.json");
    writeFileSync(path, "{}");
    return path;
  };
  const take = createCaptures({ clock, writeReport, open: () => "server on :8080", ...over });
  return { clock, take };
}

test("a list of what is open and a report are files that only their owner reads", async () => {
  const { take } = captures();
  const open = await take({ what: "open", folder });
  assert.match(open.file.path, /open-20260101T000000Z-\d+-1\.txt$/);
  assert.equal(readFileSync(open.file.path, "utf8"), "server on :8080\n");
  assert.deepEqual(open.done, `open of 16 bytes in 0 ms: ${open.file.path}`);
  const report = await take({ what: "report", folder });
  for (const { path, bytes } of [open.file, report.file]) {
    const { mode, size } = statSync(path);
    assert.deepEqual([mode & 0o777, size], [0o600, bytes]);
  }
});

test("a folder that is not there is not made, and what fails leaves nothing behind", async () => {
  const { take } = captures({
    open: () => {
      throw new Error("no list");
    },
  });
  const failed = (text: RegExp) => ({ code: "ACTION_FAILED", message: text });
  await assert.rejects(
    take({ what: "report", folder: join(folder, "absent") }),
    failed(/report in .*absent: ENOENT/),
  );
  await assert.rejects(
    take({ what: "report", folder: "here" }),
    failed(/here is no folder's path/),
  );
  await assert.rejects(
    take({ what: "report", folder: import.meta.filename }),
    failed(/is no folder$/),
  );
  await assert.rejects(take({ what: "open", folder }), failed(/open in .*: no list/));
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith(".part")),
    [],
  );
});

test("a heap snapshot is refused where it would fill the disk or the memory, or block for long", async () => {
  const room = { heap: () => 100 * mebi, disk: async () => 300 * mebi, memory: () => 1_700 * mebi };
  const refused = async (over: Partial<CaptureOptions>, text: RegExp) => {
    const { take } = captures({ room, ...over });
    await assert.rejects(take({ what: "heap-snapshot", folder }), {
      code: "ACTION_FAILED",
      message: text,
    });
  };
  await refused({ room: { ...room, disk: async () => 200 * mebi } }, /has 209715200 bytes free$/);
  await refused({ room: { ...room, memory: () => 1_600 * mebi } }, /bytes of memory are free$/);
  await refused({ heapMax: 99 * mebi }, /no snapshot of a heap of 104857600 bytes: it is larger/);
});

test("one capture at a time; the next may begin when it has ended, also by its signal", async () => {
  const { clock, take } = captures();
  const over = new AbortController();
  const profile = take({ what: "cpu-profile", ms: 60_000, folder }, over);
  const ended = assert.rejects(profile, { code: "CANCELLED" });
  await clock.advance(1_000);
  await assert.rejects(take({ what: "open", folder }), { code: "BULKHEAD_FULL" });
  over.abort(new Error("too late"));
  await ended;
  await take({ what: "open", folder });
});
