// A daemon that cannot open its link says why and goes on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../kernel/log.ts";
import { socketPathProblem } from "../../protocol/listen-alone.ts";
import { simClock } from "../../testing/sim-clock.ts";
import { createAppLink } from "./server.ts";

test("a path that is too long for a socket is told, and nothing is opened", async () => {
  const clock = simClock();
  const said: string[] = [];
  const write: Parameters<typeof createLog>[0]["write"] = ({ message, fields }) =>
    void said.push(`${message}: ${fields.reason}`);
  const none = (): undefined => undefined;
  const link = createAppLink({
    socketPath: `/${"long-folder/".repeat(12)}link.sock`,
    clock,
    log: createLog({ level: "info", wall: clock.wall, write }),
    ...{ isKnown: () => true, leader: none, belongs: () => true, descends: () => false },
  });
  await link.open();
  assert.match(
    link.problem ?? "",
    /is too long: it is 154 bytes long, and Linux takes at most 107/,
  );
  assert.deepEqual(said, [`apps cannot be linked: ${link.problem}`]);
  link.close();
});

test("the length is counted in bytes", () => {
  assert.equal(socketPathProblem(`/${"x".repeat(106)}`), undefined);
  assert.match(socketPathProblem(`/${"x".repeat(107)}`) ?? "", /108 bytes/);
  assert.match(socketPathProblem(`/${"ü".repeat(60)}`) ?? "", /121 bytes/);
});
