// Which config need not be checked again: exactly the one that was sound, for exactly this program.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { knownShape } from "./sound.ts";

const folder = mkdtempSync(join(tmpdir(), "homeostat-sound-"));
after(() => rmSync(folder, { recursive: true }));
const config = { services: { web: { command: "node web.js", port: 80 } } };

test("a config is known after it was kept, and no other one is", () => {
  const first = knownShape(folder, "one");
  assert.equal(first.has(config), false);
  first.keep(config);
  assert.equal(knownShape(folder, "one").has(config), false, "it was not written yet");
  first.write();
  assert.equal(knownShape(folder, "one").has(structuredClone(config)), true);
  assert.equal(knownShape(folder, "two").has(config), false);
  const { services } = config;
  const others = [
    { services: { web: { ...services.web, port: 81 } } },
    { services: { web: { ...services.web, port: "80" } } },
    { services: { web: { ...services.web, user: Symbol("a function") } } },
    { services, project: undefined },
    {},
  ];
  for (const other of others) assert.equal(knownShape(folder, "one").has(other), false);
});

test("what JSON cannot tell apart is never known", () => {
  const odd = { services: {}, of: Symbol("a promise") };
  const shape = knownShape(folder, "one");
  shape.keep(odd);
  shape.write();
  assert.equal(shape.has(odd), false);
  assert.equal(shape.has({ services: {} }), false);
});

test("a damaged mark, or no folder, is no mark", () => {
  writeFileSync(join(folder, "sound"), "");
  assert.equal(knownShape(folder, "one").has(config), false);
  const nowhere = knownShape(join(folder, "not there"), "one");
  nowhere.keep(config);
  nowhere.write();
  assert.equal(nowhere.has(config), false);
});
