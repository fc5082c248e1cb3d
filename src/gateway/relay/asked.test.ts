// Fields, paths and cookies are read of the text that goes to the instance.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Asked, cookieOf, fieldOf, pathOf } from "./asked.ts";

const text = [
  "POST /cart?item=3 HTTP/1.1",
  "Host: shop.example",
  "X-Kind:  one ",
  "x-kind: two",
  "Cookie: a=1; sticky=web/2 ;b=x=y",
  "Empty:",
  "X-Name: voil\u00c3\u00a0\t",
].join("\r\n");
const head = { method: "POST", text: `${text}\r\n\r\n` } as Asked["head"];
const asked: Asked = { head, peer: { address: "192.0.2.7", port: 1, isSecure: false } };

test("a field is found whatever its letters, the first of several, without spaces", () => {
  assert.equal(fieldOf(asked, "x-kind"), "one");
  assert.equal(fieldOf(asked, "host"), "shop.example");
  assert.equal(fieldOf(asked, "empty"), "");
  assert.equal(fieldOf(asked, "x-name"), "voil\u00c3\u00a0", "its last byte is no blank");
  assert.equal(fieldOf(asked, "kind"), undefined);
  assert.equal(fieldOf(asked, "post /cart?item=3 http/1.1"), undefined);
});

test("the path is that of the request line", () => {
  assert.equal(pathOf(asked), "/cart?item=3");
});

test("a cookie is found among others", () => {
  assert.equal(cookieOf(asked, "sticky"), "web/2");
  assert.equal(cookieOf(asked, "b"), "x=y");
  assert.equal(cookieOf(asked, "c"), undefined);
});
