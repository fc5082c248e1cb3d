// The twelve defects found in resilience libraries: ours has none of them, the peers' verdicts are shown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ours } from "../peers/ours.ts";
import { libraries, scenarios } from "../peers/scenarios.ts";
import { defectsOf, examine, tableOf } from "../peers/verdicts.ts";

const examined = examine(ours.name);

for (const [i, { n, title }] of scenarios.entries()) {
  test(`defect ${n}: ${title}`, async () => {
    const verdict = (await examined).verdicts[i];
    assert.equal(verdict?.is, "ok", verdict?.found);
  });
}

test("no rejection is left to nobody", async () => {
  assert.equal((await examined).unhandled, 0);
});

test("the same scenarios give each peer a verdict, and tell them apart", async (t) => {
  const peers = libraries.filter((library) => library !== ours);
  const all = [await examined, ...(await Promise.all(peers.map(({ name }) => examine(name))))];
  for (const { name, verdicts } of all) {
    assert.equal(verdicts.length, 12, name);
    for (const { is, found } of verdicts) {
      assert.match(is, /^(?:ok|defect|not applicable)$/, name);
      assert.notEqual(found, "", name);
    }
  }
  // The guards are real: a library that broke at everything would show nothing.
  for (const one of all) assert.ok(defectsOf(one) < 12, one.name);
  t.diagnostic(`\n${tableOf(all)}`);
});
