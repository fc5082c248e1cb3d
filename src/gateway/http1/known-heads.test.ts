// What is known of a head says the same as reading it again, and one byte more or less is another head.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../kernel/random.ts";
import { defaultLimits } from "../relay/limits.ts";
import type { ResponseHead } from "../relay/messages.ts";
import { KnownHeads } from "./known-heads.ts";
import type { Origin, Said } from "./request.ts";
import { RequestReader } from "./request-reader.ts";
import { ResponseReader } from "./response-reader.ts";

const foreign = "203.0.113.9";

function originOf(address: string): Origin {
  return {
    ...{ limits: defaultLimits, random: seeded(1), address, isSecure: false },
    isForeign: address === foreign,
    ...{ host: "127.0.0.1:80", lastHost: undefined, lastForwarded: "" },
  };
}

function asked(text: string, known?: KnownHeads<Said>, address = "192.0.2.7"): unknown {
  const reader = new RequestReader(originOf(address), known);
  reader.feed(Buffer.from(text, "latin1"));
  const head = reader.readHead();
  return { head, fault: reader.fault, left: reader.waitingBytes, isInBody: reader.isInBody };
}

function answered(text: string, known?: KnownHeads<ResponseHead>, method = "GET"): unknown {
  const reader = new ResponseReader(defaultLimits, known);
  reader.reset(method);
  const bytes = Buffer.from(text, "latin1");
  reader.feed(bytes, bytes.length);
  const head = reader.readHead();
  return { head, garbled: reader.garbled, left: reader.waitingBytes, kind: reader.body?.kind };
}

const get = "GET /a HTTP/1.1\r\nHost: shop.example\r\n\r\n";

test("a head that comes again says the same, to each client with its own address", () => {
  const known = new KnownHeads<Said>();
  for (const address of ["192.0.2.7", "2001:db8::1", "192.0.2.7"]) {
    assert.deepEqual(asked(get, known, address), asked(get, undefined, address));
  }
  const again = known.find(Buffer.from(get), get.length, get.length);
  assert.equal(again?.bytes.length, get.length, "it was learned");
});

test("one byte makes another head, and what follows does not belong to it", () => {
  const known = new KnownHeads<Said>();
  for (let times = 0; times < 2; times++) {
    for (let at = 0; at < get.length; at += 3) {
      for (const byte of ["\0", "b", " "]) {
        const other = get.slice(0, at) + byte + get.slice(at + 1);
        assert.deepEqual(asked(other, known), asked(other), JSON.stringify(other));
      }
      assert.deepEqual(asked(get, known), asked(get));
      assert.deepEqual(asked(get.slice(0, at), known), asked(get.slice(0, at)));
    }
    assert.deepEqual(asked(get + get, known), asked(get + get));
  }
  const post = `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n`;
  for (const rest of ["abcd", "abcd", "abcdGET", "ab"]) {
    assert.deepEqual(asked(post + rest, known), asked(post + rest));
  }
});

test("lines made of what a client claims are no other client's", () => {
  const known = new KnownHeads<Said>();
  const claims = get.replace("\r\n\r\n", "\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n");
  for (const address of [foreign, foreign, "192.0.2.7", "192.0.2.8", foreign]) {
    assert.deepEqual(asked(claims, known, address), asked(claims, undefined, address));
  }
});

test("an answer that comes again says the same, but to HEAD", () => {
  const known = new KnownHeads<ResponseHead>();
  const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  const early = "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n";
  for (const text of [ok, ok, `${early}${ok}`, `${early}${ok}`, ok.slice(0, -1), `${ok}more`]) {
    for (const method of ["GET", "HEAD", "GET"]) {
      assert.deepEqual(answered(text, known, method), answered(text, undefined, method));
    }
  }
});

test("heads that never come again are soon hardly looked for, and one that does is found again", () => {
  const known = new KnownHeads<number>();
  const head = (i: number): Buffer => Buffer.from(`GET /${i} HTTP/1.1\r\n\r\n`);
  const look = (bytes: Buffer): number | undefined =>
    known.find(bytes, bytes.length, bytes.length)?.said;
  for (let i = 0; i < 1_000; i++) {
    assert.equal(look(head(i)), undefined);
    known.learn(head(i), head(i).length, i);
  }
  const same = head(7);
  let tries = 0;
  for (; look(same) === undefined && tries < 1_000; tries++) known.learn(same, same.length, 7);
  assert.ok(tries > 0 && tries < 1_000, `found after ${tries}`);
  assert.equal(look(same), 7);
});
