// The last lines of files that are empty, missing, huge, torn or full of secrets.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { simClock } from "../testing/sim-clock.ts";
import { captureEvidence, lastLines } from "./capture.ts";

const folder = mkdtempSync(join(tmpdir(), "homeostat-lines-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, "web.log");
const lastOf = (content: string | Buffer, count: number): readonly string[] => {
  writeFileSync(file, content);
  return lastLines(file, count);
};

test("the last lines come oldest first, with or without a line end", () => {
  assert.deepEqual(lastOf("a\nb\nc\n", 2), ["b", "c"]);
  assert.deepEqual(lastOf("a\nb\nc", 2), ["b", "c"]);
  assert.deepEqual(lastOf("a\r\nb\r\n", 9), ["a", "b"]);
  assert.deepEqual(lastOf("a\n\n", 9), ["a", ""]);
  assert.deepEqual(lastOf("a\n", 0), []);
  assert.deepEqual(lastOf("", 9), []);
});

test("a missing file has no lines; one that cannot be read says why", () => {
  assert.deepEqual(lastLines(join(folder, "none.log"), 9), []);
  assert.match(lastLines(folder, 9)[0] ?? "", /^\(the log cannot be read: .*EISDIR/);
});

test("of a huge file only the end is read, and no line that lost its beginning", () => {
  const lines = lastOf(`${"x".repeat(40)}\n`.repeat(10_000), 100_000);
  assert.ok(lines.length > 1_000 && lines.length <= 65_536 / 41, `${lines.length}`);
  assert.ok(lines.every((line) => line.length === 40));
  const torn = lastOf(`token=${"s".repeat(70_000)}\nlast\n`, 9);
  assert.deepEqual(torn, ["last"]);
  assert.deepEqual(lastOf("s".repeat(70_000), 9), ["(a line longer than 65536 bytes)"]);
});

test("one endless line is cut", () => {
  const [line = "", ...others] = lastOf("y".repeat(60_000), 9);
  assert.deepEqual(others, []);
  assert.equal(line, `${"y".repeat(2_000)}…`);
});

test("bytes that are no text do not hurt", () => {
  const torn = Buffer.from([
    0x66, 0xff, 0xfe, 0x0a, 0xe2, 0x82, 0x0a, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x67,
  ]);
  assert.deepEqual(lastOf(torn, 9), ["f\ufffd\ufffd", "\ufffd", "g"]);
});

test("secrets are masked, also the lines of a private key", () => {
  const content = `DB_PASSWORD=hunter2
-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEA
-----END RSA PRIVATE KEY-----
Authorization: Bearer abc`;
  const lines = lastOf(content, 9);
  assert.deepEqual(
    [lines[0], lines[2], lines[4]],
    ["DB_PASSWORD=***", "***", "Authorization: ***"],
  );
  assert.doesNotMatch(lines.join("\n"), /hunter2|MIIE|abc/);
});

test("evidence of last lines and of what does not run needs no process", async () => {
  writeFileSync(file, "starting\nError: no db\n\n");
  const clock = simClock();
  const { signal } = new AbortController();
  const of = (kind: "last-lines" | "process" | "blocked-stack") =>
    captureEvidence({ wanted: { kind, target: "web/1" }, logFile: file, clock, signal });
  assert.deepEqual(await of("last-lines"), {
    kind: "last-lines",
    target: "web/1",
    summary: "last line: Error: no db",
    lines: ["starting", "Error: no db", ""],
    tookMs: 0,
  });
  for (const kind of ["process", "blocked-stack"] as const) {
    const none = { kind, target: "web/1", summary: "no process runs", lines: [], tookMs: 0 };
    assert.deepEqual(await of(kind), none);
  }
});
