// What an app costs by being there: the modules of Node that come with it before they are needed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../../scripts/run.ts";

/** Each a megabyte or more, or tens of milliseconds; none is needed before something is done with it. */
const heavy = [
  ...["http", "https", "http2", "tls", "dgram", "zlib", "child_process", "inspector", "sqlite"],
  ...["internal/deps/undici/undici", "internal/crypto/keys", "worker_threads", "v8", "net"],
  ...["fs/promises", "internal/fs/promises", "internal/fs/streams", "readline"],
];

/** The heavy modules that `code` loads beyond what an empty module does. */
async function loadedBy(code: string): Promise<readonly string[]> {
  const script = `
    const before = new Set(process.moduleLoadList);
    ${code}
    const found = process.moduleLoadList.filter((name) => !before.has(name));
    process.stderr.write(JSON.stringify(found) + "\\n", () => process.exit());`;
  const flags = ["--conditions=source", "--input-type=module"];
  const options = { keep: true, limitMs: 30_000 };
  const ended = await run(process.execPath, [...flags, "--eval", script], options);
  assert.equal(ended.code, 0, ended.output);
  const list = /^\["(?:NativeModule|Internal Binding) .*\]$/m.exec(ended.output)?.[0] ?? "[]";
  const names = (JSON.parse(list) as string[]).map((name) => name.replace("NativeModule ", ""));
  assert.ok(names.length > 0, ended.output);
  return heavy.filter((name) => names.includes(name));
}

const silent = "{ log: { sinks: [] }, watchdog: { outer: false } }";

test("the check sees what comes with an import", async () => {
  const found = await loadedBy('await import("node:https");');
  assert.deepEqual(found, ["https", "tls", "internal/crypto/keys", "net"]);
});

for (const entry of ["homeostat", "homeostat/runtime", "homeostat/policies"]) {
  test(`${entry} loads nothing heavy`, async () => {
    assert.deepEqual(await loadedBy(`await import("${entry}");`), []);
  });
}

test("an app that has started loads nothing heavy", async () => {
  const code = `
    const { createApp } = await import("homeostat");
    await createApp("shop", ${silent}).start();`;
  // Its log asks whether it writes from the main thread.
  assert.deepEqual(await loadedBy(code), ["worker_threads"]);
});
