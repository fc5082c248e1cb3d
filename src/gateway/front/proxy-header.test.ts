// The PROXY protocol: what one side writes the other reads, cut anywhere; what is no header is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { proxyHeader, readProxyHeader } from "./proxy-header.ts";

const text = (line: string) => readProxyHeader(Buffer.from(line, "latin1"));
const port = fc.integer({ min: 0, max: 65_535 });
const address = fc.oneof(fc.ipV4(), fc.ipV6());

test("a header that was written is read as the same address, whole and with what comes after it", () => {
  fc.assert(
    fc.property(
      address,
      port,
      port,
      fc.constantFrom("v1" as const, "v2" as const),
      (a, from, to, version) => {
        const header = proxyHeader(version, { address: a, port: from }, { address: a, port: to });
        const read = readProxyHeader(Buffer.concat([header, Buffer.from("GET / HTTP/1.1\r\n")]));
        assert.equal(read.kind, "done");
        if (read.kind !== "done") return;
        assert.equal(read.length, header.length);
        assert.equal(read.from?.port, from);
        const same = proxyHeader(version, read.from ?? { address: "", port: 0 }, {
          address: a,
          port: to,
        });
        assert.deepEqual(same, header);
        for (let cut = 0; cut < header.length; cut++) {
          assert.equal(readProxyHeader(header.subarray(0, cut)).kind, "more", `cut at ${cut}`);
        }
      },
    ),
    { numRuns: 60, seed: 5 },
  );
});

test("whatever bytes come, they are a header, not yet one, or none", () => {
  const parts = fc.constantFrom(
    "PROXY ",
    "TCP4 ",
    "1.2.3.4 ",
    "80 ",
    "\r\n",
    "\r\n\r\n\0\r\nQUIT\n",
    "!",
    "\x21\x11\0\x0c",
  );
  const bytes = fc.array(fc.oneof(parts, fc.string({ maxLength: 3 })), { maxLength: 12 });
  fc.assert(
    fc.property(bytes, (all) => {
      const given = Buffer.from(all.join(""), "latin1");
      const read = readProxyHeader(given);
      if (read.kind === "done") assert.ok(read.length <= given.length);
    }),
    { numRuns: 300, seed: 6 },
  );
});

test("the examples of the specification are read", () => {
  const line = "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n";
  assert.deepEqual(text(`${line}rest`), {
    ...{ kind: "done", length: line.length, from: { address: "255.255.255.255", port: 65_535 } },
  });
  assert.equal(text("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n").kind, "done");
  const local = proxyHeader("v2", { address: "unknown", port: 0 }, { address: "::1", port: 1 });
  assert.deepEqual(readProxyHeader(local), { kind: "done", length: 16, from: undefined });
});

test("a zone means something on one machine only: it is not taken over", () => {
  const read = text("PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n");
  const from = { address: "fe80::1", port: 1 };
  assert.deepEqual(read, { kind: "done", length: 37, from });
});

test("what is no header is refused as soon as that is known", () => {
  for (const line of [
    "GET / HTTP/1.1\r\n",
    "PROXY TCP4 1.2.3.4 1.2.3.4 080 80\r\n",
    "PROXY TCP4 1.2.3.4 1.2.3.4 80 65536\r\n",
    "PROXY TCP4 ::1 ::1 80 80\r\n",
    "PROXY TCP4 1.2.3.4 1.2.3.4 80 80 80\r\n",
    "PROXY TCP4  1.2.3.4 1.2.3.4 80 80\r\n",
    "PROXY UDP4 1.2.3.4 1.2.3.4 80 80\r\n",
    `PROXY UNKNOWN ${"x".repeat(100)}\r\n`,
    `PROXY UNKNOWN ${"x".repeat(100)}`,
  ]) {
    assert.equal(text(line).kind, "bad", line);
  }
  const [head] = [
    proxyHeader("v2", { address: "1.2.3.4", port: 1 }, { address: "1.2.3.4", port: 2 }),
  ];
  const spoilt = (at: number, byte: number): string => {
    const copy = Buffer.from(head);
    copy[at] = byte;
    return readProxyHeader(copy).kind;
  };
  assert.equal(spoilt(12, 0x31), "bad", "version 3");
  assert.equal(spoilt(12, 0x22), "bad", "command 2");
  assert.equal(spoilt(13, 0x41), "bad", "family 4");
  assert.equal(spoilt(14, 0xff), "bad", "65 KiB of additions");
  assert.equal(spoilt(15, 8), "bad", "too short for its family");
});
