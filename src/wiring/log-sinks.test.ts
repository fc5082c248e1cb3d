// Lines on their way out: as syslog takes them, and to a reader that is slow or gone.
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { createLog } from "../kernel/log.ts";
import { seeded } from "../kernel/random.ts";
import { simClock } from "../testing/sim-clock.ts";
import { type ForwardLine, sinkOf, syslogLine } from "./log-sinks.ts";

const line: ForwardLine = {
  at: Date.UTC(2026, 10, 21, 3),
  ...{ service: "web", instance: "2", text: "GET / 200" },
};

test("a line is a message of RFC 5424", () => {
  const text = (over: Partial<ForwardLine>, most = 2_048): string =>
    syslogLine({ ...line, ...over }, "my host", most).toString();
  assert.equal(text({}), "<14>1 2026-11-21T03:00:00.000Z my_host web 2 - - GET / 200");
  assert.ok(text({ level: "error" }).startsWith("<11>1 "));
  assert.ok(text({ instance: "" }).includes(" web - - - "));
  assert.ok(text({ text: "grüß" }).endsWith(" - - \ufeffgrüß"));
  const cut = syslogLine({ ...line, text: "ü".repeat(300) }, "h", 480);
  assert.ok(cut.length <= 480 && !cut.toString().includes("\ufffd"));
});

test("stdout takes text or JSON; when nobody reads it, lines are dropped, counted and told once", () => {
  const said: string[] = [];
  const clock = simClock();
  const log = createLog({
    level: "warn",
    wall: clock.wall,
    write: ({ message }) => said.push(message),
  });
  const got: string[] = [];
  let takes = true;
  const stdout = new Writable({
    write: (chunk: Buffer, _, done) => {
      got.push(chunk.toString());
      if (takes) done();
    },
  });
  const world = { clock, log, stdout, random: seeded(1) };
  const asText = sinkOf({ kind: "stdout", json: false }, world);
  const asJson = sinkOf({ kind: "stdout", json: true }, world);
  asText?.send(line);
  asJson?.send({ ...line, level: "error", fields: { n: 1 } });
  assert.equal(got[0], "web-2 GET / 200\n");
  assert.deepEqual(JSON.parse(got[1] ?? ""), {
    ...{ time: "2026-11-21T03:00:00.000Z", log: "web-2", level: "error" },
    ...{ line: "GET / 200", fields: { n: 1 } },
  });
  takes = false;
  for (let i = 0; i < 30; i++) asText?.send({ ...line, text: "x".repeat(100_000) });
  assert.ok((asText?.dropped ?? 0) >= 15, `${asText?.dropped}`);
  stdout.destroy(new Error("EPIPE"));
  assert.deepEqual(said, ["stdout is read too slowly: lines are dropped"]);
});

test("without a stdout there is nothing to write to", () => {
  const clock = simClock();
  const log = createLog({ level: "error", wall: clock.wall, write: () => {} });
  assert.equal(
    sinkOf({ kind: "stdout", json: true }, { clock, log, random: seeded(1) }),
    undefined,
  );
});
