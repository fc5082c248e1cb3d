// A client's address is told as others know it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { plainAddress } from "./peer.ts";

test("an address has no zone, and is of IPv4 where it can be", () => {
  assert.equal(plainAddress("fe80::1%eth0"), "fe80::1");
  assert.equal(plainAddress("::ffff:192.0.2.7"), "192.0.2.7");
  assert.equal(plainAddress("2001:db8::1"), "2001:db8::1");
  assert.equal(plainAddress(undefined), "unknown");
});
