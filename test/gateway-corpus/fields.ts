// Fields: names, values, line ends, Host, and what a gateway must not take at its word.
import { type Case, controls, get, hex, passed, refused, smuggled } from "./case.ts";

const first = "GET /corpus HTTP/1.1\r\n";

const names: readonly Case[] = [
  ...controls.map((byte) =>
    refused(`the byte ${hex(byte)} in a name`, get(`X${String.fromCharCode(byte)}Y: 1`)),
  ),
  ...Array.from('"(),/:;<=>?@[\\]{}')
    .filter((char) => char !== ":")
    .map((char) => refused(`the byte ${char} in a name`, get(`X${char}Y: 1`))),
  passed("all bytes that a name may have", get("!#$%&'*+-.^_`|~09azAZ: 1")),
  refused("a byte above ASCII in a name", get("X\xe4: 1")),
  refused("a space before the colon", get("X-One : 1")),
  refused("a tab before the colon", get("X-One\t: 1")),
  refused("a space inside a name", get("X One: 1")),
  refused("a name that is empty", get(": 1")),
  refused("a line without a colon", get("X-One")),
  refused("a line that is one space", get(" ")),
  refused("a space before the first field", `${first} Host: shop.example\r\n\r\n`),
  refused("a tab before the first field", `${first}\tHost: shop.example\r\n\r\n`),
  refused("a folded line", get("X-One: 1", " 2")),
  refused("a line folded with a tab", get("X-One: 1", "\t2")),
  refused("a folded Host", `${first}Host: shop\r\n .example\r\n\r\n`),
  refused("a folded Transfer-Encoding", get("Transfer-Encoding:", " chunked")),
];

const values: readonly Case[] = [
  ...controls.map((byte) =>
    refused(`the byte ${hex(byte)} in a value`, get(`X-One: a${String.fromCharCode(byte)}b`)),
  ),
  passed("a tab in a value", get("X-One: a\tb")),
  passed("bytes above ASCII in a value", get("X-One: \x80\xff\xc3\xa4")),
  passed("an empty value", get("X-One:")),
  passed("a value of spaces", get("X-One:    ")),
  passed("no space after the colon", get("X-One:1")),
  passed("spaces around a value", get("X-One: \t 1 \t ")),
  passed("colons in a value", get("X-One: a: b: c")),
  refused("a bare LF in a value", get("X-One: a\nX-Two: b")),
  refused("a bare CR in a value", get("X-One: a\rX-Two: b")),
  refused("CR CR LF at the end of a value", get("X-One: a\r")),
  refused("a bare LF at the end of the head", `${first}Host: shop.example\r\n\n`),
  refused("LF LF at the end of the head", `${first}Host: shop.example\n\n`),
  refused("CR LF CR X at the end of the head", `${first}Host: shop.example\r\n\rX`),
  refused("a request behind a bare CR", get(`X-One: a\r\r${smuggled}`)),
  refused("a request behind a bare LF", get(`X-One: a\n\n${smuggled}`)),
  refused("a NUL at the end of a value", get("X-One: a\0")),
  refused("200 fields and one", get(...Array.from({ length: 200 }, (_, i) => `X-${i}: 1`)), 431),
  passed("199 fields and Host", get(...Array.from({ length: 199 }, (_, i) => `X-${i}: 1`))),
  passed("a value of 30 KB", get(`X-One: ${"a".repeat(30 * 1024)}`)),
  refused("a value of 33 KB", get(`X-One: ${"a".repeat(33 * 1024)}`), 431),
  refused("a name of 33 KB", get(`${"a".repeat(33 * 1024)}: 1`), 431),
  refused(
    "33 KB in many fields",
    get(...Array.from({ length: 99 }, () => `A: ${"a".repeat(350)}`)),
    431,
  ),
];

const hosts: readonly Case[] = [
  refused("no Host", "GET /corpus HTTP/1.1\r\n\r\n"),
  refused("no Host, but X-Forwarded-Host", "GET / HTTP/1.1\r\nX-Forwarded-Host: a\r\n\r\n"),
  refused("no Host with an absolute target", "GET http://shop.example/ HTTP/1.1\r\n\r\n"),
  refused("two Hosts that differ", get("Host: other.example")),
  refused("two Hosts that are equal", get("Host: shop.example")),
  refused("two Hosts in different case", get("HOST: shop.example")),
  refused("two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
  ...[
    "",
    " ",
    "a b",
    "a/b",
    "a,b:c",
    "a@b",
    "a:b",
    "a:80:80",
    "a:-1",
    "http://a",
    "a?b",
    "a#b",
  ].map((host) => refused(`Host: ${JSON.stringify(host)}`, `${first}Host: ${host}\r\n\r\n`)),
  ...[
    "[::1",
    "::1",
    "[::g]",
    "[1:2]x",
    "a\\b",
    "a<b>",
    "a\tb",
    'a"b',
    "a%zz",
    "\xe4.example",
    "a:123456",
  ].map((host) => refused(`Host: ${JSON.stringify(host)}`, `${first}Host: ${host}\r\n\r\n`)),
  ...[
    "a",
    "a:80",
    "a:",
    "127.0.0.1:8080",
    "[::1]",
    "[::1]:80",
    "a_b.example",
    "a%20b",
    "xn--4ca",
  ].map((host) => passed(`Host: ${JSON.stringify(host)}`, `${first}Host: ${host}\r\n\r\n`)),
  refused("a Host with a request in it", `${first}Host: a\r\r\n${smuggled}`),
];

const meaning: readonly Case[] = [
  refused("an expectation nobody knows", get("Expect: the-unexpected"), 417),
  refused("100-continue and more", get("Expect: 100-continue, x"), 417),
  passed("an expectation without a body", get("Expect: 100-continue")),
  passed("an expectation in capitals", get("Expect: 100-Continue")),
  refused("Content_Length with an underscore", get("Content_Length: 5")),
  refused("Transfer_Encoding with an underscore", get("Transfer_Encoding: chunked")),
  refused("X_Forwarded_For with an underscore", get("X_Forwarded_For: 10.0.0.1")),
  refused("X-Forwarded_For, half disguised", get("X-Forwarded_For: 10.0.0.1")),
  passed("a name with an underscore that means nothing", get("X_One: 1")),
  passed("a connection option for Host", get("Connection: host")),
  passed("a connection option for Content-Length", get("Connection: content-length")),
  passed("connection options that are empty", get("Connection: ,, ,")),
  passed("a connection option for a field that is not there", get("Connection: x-none")),
  passed(
    "an upgrade to h2c",
    get("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQ"),
  ),
  passed("Upgrade without Connection", get("Upgrade: websocket")),
  passed("TE: trailers", get("Connection: TE", "TE: trailers")),
  passed("a traceparent that is none", get("traceparent: 00-zz-zz-01")),
  passed("two of traceparent", get("traceparent: a", "traceparent: b")),
  passed("a request id with a quote", get('X-Request-Id: a"b')),
  passed(
    "claims of the client",
    get("X-Forwarded-For: 1.2.3.4", "Forwarded: for=1.2.3.4", "X-Forwarded-Proto: https"),
  ),
];

export const fieldCases: readonly Case[] = [...names, ...values, ...hosts, ...meaning];
