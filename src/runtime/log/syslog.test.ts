// Lines of the log as syslog messages, by the grammar of RFC 5424.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSyslog } from "../../../test/support/syslog-grammar.ts";
import { lineMessage, type SyslogHeader } from "./rfc5424.ts";
import type { Line } from "./sink.ts";
import { syslogSink } from "./syslog.ts";

const header: SyslogHeader = {
  facility: "local3",
  hostname: "host-1",
  processId: "42",
  maxBytes: 2_048,
};
const line: Line = {
  at: Date.UTC(2026, 10, 21, 3),
  level: "warn",
  app: "shop",
  thread: "worker-1",
  logger: "db.pool",
  message: "slow",
  fields: { ms: 5, why: 'a "b" ]c\\' },
};

test("a line is a message of RFC 5424", () => {
  assert.equal(
    lineMessage(line, header).toString(),
    "<156>1 2026-11-21T03:00:00.000Z host-1 shop 42 db.pool - " +
      'worker-1 [WARN] slow logger=db.pool ms=5 why="a \\"b\\" ]c\\\\"',
  );
  const found = parseSyslog(lineMessage(line, { ...header, structuredDataId: "app@12345" }));
  assert.deepEqual([found.facility, found.severity], [19, 4]);
  assert.equal(found.text, "worker-1 [WARN] slow logger=db.pool");
  assert.deepEqual(Object.fromEntries(found.data.get("app@12345") ?? []), {
    ms: "5",
    why: 'a "b" ]c\\',
  });
});

test("whatever a line holds, its message keeps to the grammar and to its length", () => {
  const text = fc.string({ unit: "binary", maxLength: 200 }).map((value) => value.toWellFormed());
  const property = fc.property(
    text,
    text,
    fc.dictionary(text, text),
    fc.boolean(),
    (a, b, fields, apart) => {
      const given = { ...line, app: a, message: b, logger: a, fields };
      const id = apart ? { structuredDataId: "app@12345" } : {};
      const whole = parseSyslog(lineMessage(given, { ...header, ...id, maxBytes: 1_000_000 }));
      if (!apart) assert.ok(whole.text.includes("[WARN]"));
      const cut = lineMessage(given, { ...header, maxBytes: 480 });
      assert.ok(cut.length <= 480);
      new TextDecoder("utf-8", { fatal: true }).decode(cut);
    },
  );
  fc.assert(property, { numRuns: 300, seed: 3 });
});

test("an address, facility or id that cannot be is refused at the start", () => {
  const address = "udp://localhost";
  for (const wrong of [
    "localhost",
    "http://a",
    "udp://",
    "udp://a:0",
    "udp://a:70000",
    "udp://a/b",
  ]) {
    assert.throws(() => syslogSink({ address: wrong }), { code: "OPTION_INVALID" }, wrong);
  }
  assert.throws(() => syslogSink({ address, facility: "local9" as "local1" }), /facility/);
  assert.throws(() => syslogSink({ address, structuredDataId: "app" }), /structuredDataId/);
  assert.throws(() => syslogSink({ address, maxMessageBytes: 100 }), /480/);
  for (const right of [address, "tcp://[::1]:601", "tls://a.b-c:6514", "TLS://a/"]) {
    assert.equal(syslogSink({ address: right }).name, "syslog");
  }
});
