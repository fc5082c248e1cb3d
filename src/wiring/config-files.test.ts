// Config files are read when they change; one that cannot be read is told once and stops nothing.
import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLog } from "../kernel/log.ts";
import type { Policy, ServicePolicy } from "../model/policy.ts";
import { memoryStore } from "../stores/memory.ts";
import { watchConfigFiles } from "./config-files.ts";

function scene(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "homeostat-files-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "app.conf");
  writeFileSync(path, "a");
  const told: string[] = [];
  const warned: string[] = [];
  const known = new Map<string, string>();
  const service = { name: "app", configFiles: ["app.conf"] } as Partial<ServicePolicy>;
  const policy = { project: "p", services: { app: service } } as Policy;
  const files = watchConfigFiles({
    folder,
    policy,
    store: memoryStore(),
    log: createLog({ level: "warn", wall: () => 0, write: (it) => void warned.push(it.message) }),
    emit: (draft) => {
      if (draft.type !== "change.seen") return;
      told.push(draft.data.by);
      known.set(String(draft.data.file), String(draft.data.version));
    },
    known: (file) => known.get(file),
    now: () => 0,
  });
  return { path, told, warned, known, files };
}

test("a change is told once, and put back as its author", (t) => {
  const { path, told, known, files } = scene(t);
  files.check();
  const first = known.get("app.conf") ?? "";
  writeFileSync(path, "bb");
  files.check();
  files.check("app");
  files.check("other");
  files.restore("app", "app.conf", first, "A1");
  files.check();
  assert.deepEqual(told, ["someone", "someone", "A1"]);
  assert.equal(readFileSync(path, "utf8"), "a");
});

test("a folder in its place, or nothing, is told once; the file is watched when it is back", (t) => {
  const { path, told, warned, files } = scene(t);
  files.check();
  rmSync(path);
  mkdirSync(path);
  files.check();
  files.check();
  rmSync(path, { recursive: true });
  files.check();
  assert.equal(warned.length, 1);
  writeFileSync(path, "bb");
  files.check();
  assert.equal(told.length, 2);
});

test("a link stays a link when what it points to is put back", (t) => {
  const { path, known, files } = scene(t);
  const real = `${path}.real`;
  rmSync(path);
  writeFileSync(real, "a");
  symlinkSync(real, path);
  files.check();
  const first = known.get("app.conf") ?? "";
  writeFileSync(real, "bb");
  files.check();
  files.restore("app", "app.conf", first, "A1");
  assert.equal(readlinkSync(path), real);
  assert.equal(readFileSync(real, "utf8"), "a");
});
