// A service that really leaks is told before its memory is full, and started anew before the fact.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../src/model/event.ts";
import { createProject, until } from "./support/project.ts";

const limitMiB = 160;
/** About 8 MiB a second on the heap, as a list that nobody empties. */
const leak =
  "const held = []; setInterval(() => held.push(new Array(105_000).fill(Math.random())), 100)";

test("a leak is announced with its time, and mended by a planned restart", async (t) => {
  const project = await createProject(() => ({
    services: {
      leaky: {
        command: [process.execPath, "-e", leak],
        limits: { memoryMiB: limitMiB, ahead: "32s" },
        healing: { mode: "auto", verify: { healthy: "1s" } },
      },
    },
  }));
  t.after(() => project.remove());
  await project.up();
  const before = (await project.healthy()).services[0]?.instances[0];
  const over = await until("the incident is over", 60_000, async () =>
    project.journal().find(({ type }) => type === "incident.resolved"),
  );
  const events = project.journal();
  const raised = events.filter((it): it is Extract<Event, { type: "symptom.raised" }> => {
    return it.type === "symptom.raised" && it.seq < over.seq;
  });
  assert.deepEqual(
    raised.map(({ data }) => data.kind),
    ["exhausting"],
    "nothing else went wrong: its memory was never full",
  );
  const why = raised[0]?.data.why;
  assert.match(why?.text ?? "", /^memory \d+ MiB of 160 MiB, full in (about )?\d+ s/);
  assert.ok(why && why.value > 0 && why.value < 32_000, `in ${why?.value} ms`);
  const made = events.find((it) => it.type === "diagnosis.made");
  assert.equal(made?.data.kind, "exhaustion");
  const after = (await project.view()).services[0]?.instances[0];
  assert.notEqual(after?.pid, before?.pid);
  assert.equal(
    events.some(({ type }) => type === "incident.escalated"),
    false,
  );
});
