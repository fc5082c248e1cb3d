// Tests of the lines of the control socket: how they are cut, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HomeostatError } from "../kernel/errors.ts";
import type { Route, ToGateway } from "../protocol/gateway.ts";
import { lineCutter } from "../protocol/lines.ts";
import { createStats } from "./stats.ts";
import { encodeLine, parseFromGateway, parseToGateway } from "./wire.ts";

const route: Route = {
  service: "web",
  ...{ host: "127.0.0.1", port: 8080, holdMs: 10_000, timeoutMs: 30_000 },
  upstreams: [{ instance: "web/1", port: 4001, state: "ready" }],
  degraded: { status: 503, retryAfterS: 5, why: "the database is down" },
};

function refused(line: string, text: RegExp): void {
  assert.throws(
    () => parseToGateway(line),
    (error) =>
      error instanceof HomeostatError && error.code === "WIRE_SHAPE" && text.test(error.message),
  );
}

test("every message comes back as it was sent", () => {
  const sent: ToGateway[] = [
    { kind: "config", config: { version: 3, routes: [route] } },
    { kind: "stats", id: 5 },
    { kind: "stop" },
  ];
  for (const message of sent) assert.deepEqual(parseToGateway(encodeLine(message)), message);
  const stats = createStats();
  stats.instance("web/1");
  stats.route("web");
  const answer = { kind: "stats", id: 5, stats: stats.snapshot(3) } as const;
  assert.deepEqual(parseFromGateway(encodeLine(answer)), answer);
});

test("a refusal names the field, what was expected and what came", () => {
  const config = (over: object): string =>
    JSON.stringify({ kind: "config", config: { version: 1, routes: [{ ...route, ...over }] } });
  refused("{nonsense", /expected a line of JSON, got "\{nonsense"/);
  refused("[]", /message: expected an object, got \[\]/);
  refused('{"kind":"reboot"}', /kind: expected config, stats or stop, got "reboot"/);
  refused(
    config({ port: 0 }),
    /config\.routes\[0\]\.port: expected a whole number from 1 to 65535/,
  );
  refused(config({ holdMs: null }), /routes\[0\]\.holdMs: expected a number from 0/);
  const upstreams = [{ instance: "web/1", port: 4001, state: "asleep" }];
  refused(
    config({ upstreams }),
    /upstreams\[0\]\.state: expected ready, spare, draining or hung, got "asleep"/,
  );
});

test("lines are cut wherever the chunks end, also inside a character", () => {
  const lines: string[] = [];
  const cut = lineCutter((line) => lines.push(line), assert.fail);
  for (const byte of Buffer.from("first\nzwölf\n\nrest")) cut(Buffer.from([byte]));
  cut(Buffer.from(" of it\nlast\n"));
  assert.deepEqual(lines, ["first", "zwölf", "", "rest of it", "last"]);
});

test("a line past the limit is reported once, and nothing after it is taken", () => {
  const lines: string[] = [];
  let tooLong = 0;
  const cut = lineCutter(
    (line) => lines.push(line),
    () => tooLong++,
    8,
  );
  cut(Buffer.from("12345678\n1234"));
  cut(Buffer.from("56789"));
  cut(Buffer.from("\nshort\n"));
  assert.deepEqual(lines, ["12345678"]);
  assert.equal(tooLong, 1);
});
