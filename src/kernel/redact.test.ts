// What is masked in a line, what stays, and that a hostile line costs little time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { plain, redact } from "./redact.ts";

const masked: readonly (readonly [string, string])[] = [
  ["password=hunter2", "password=***"],
  ["DB_PASSWORD=hunter2 PORT=80", "DB_PASSWORD=*** PORT=80"],
  ["{ user: 'ada', password: 'a, b c' }", "{ user: 'ada', password: '***' }"],
  ['{"user":"ada","password":"a\\nb","n":1}', '{"user":"ada","password":"***","n":1}'],
  ['{\\"apiKey\\":\\"k-123\\",\\"n\\":1}', '{\\"apiKey\\":\\"***\\",\\"n\\":1}'],
  ["secretAccessKey: abc/def+g", "secretAccessKey: ***"],
  ["client_secret => 'x y'", "client_secret => '***'"],
  ["x-api-key: 12345", "x-api-key: ***"],
  ["GET /cb?token=abc&page=2 200", "GET /cb?token=***&page=2 200"],
  ["access_token: 0", "access_token: ***"],
  ["Authorization: Bearer abc.def", "Authorization: ***"],
  ["authorization: 'Basic dXNlcjpwYXNz', host: 'a'", "authorization: '***', host: 'a'"],
  ['{"Authorization":"Bearer abc","host":"a"}', '{"Authorization":"***","host":"a"}'],
  ['{"tokens":2,"token":["a","b"],"n":1}', '{"tokens":2,"token":[***],"n":1}'],
  ["Cookie: sid=1; theme=dark", "Cookie: ***"],
  ["'set-cookie': ['sid=1; Path=/', 'b=2'], a: 1", "'set-cookie': [***], a: 1"],
  ["sent with bearer abcdefgh12345678 to a", "sent with bearer *** to a"],
  ["curl -H 'Authorization: Bearer x1' http://a/", "curl -H 'Authorization: ***' http://a/"],
  ["mysql --password hunter2 db", "mysql --password *** db"],
  ["mysql --password=hunter2 db", "mysql --password=*** db"],
  ["postgres://app:s3cr@t@db/shop", "postgres://app:***@db/shop"],
  ["connect postgres://app:s3cret@db:5432/shop", "connect postgres://app:***@db:5432/shop"],
  ["redis://:s3cret@cache/0", "redis://:***@cache/0"],
  ["cloning https://ghx@github.com/a/b", "cloning https://***@github.com/a/b"],
  ["key eyJhbGciOiJI.eyJzdWIiOiIx.sig-1", "key ***"],
  [`pushed with ghp_${"a".repeat(36)}`, "pushed with ***"],
  [`id AKIA${"A".repeat(16)}.`, "id ***."],
  ["-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\n-----END RSA PRIVATE KEY----- ok", "*** ok"],
];

const kept: readonly string[] = [
  "GET /users/42 200 12 ms",
  "SyntaxError: Unexpected token < in JSON at position 0",
  "password authentication failed for user ada",
  "max_tokens: 512, prompt_tokens=3",
  "listening on http://127.0.0.1:3000/",
  "at login (/srv/app/auth.ts:12:5)",
  "author: ada",
  "mail ada@example.com",
  "commit 9f1c2d3e4b5a69788796a5b4c3d2e1f001122334",
  "",
];

for (const [line, expected] of masked) {
  test(`masks ${JSON.stringify(line).slice(0, 60)}`, () => assert.equal(redact(line), expected));
}

for (const line of kept) {
  test(`keeps ${JSON.stringify(line)}`, () => assert.equal(redact(line), line));
}

test("masking twice changes nothing more", () => {
  for (const [, expected] of masked) assert.equal(redact(expected), expected);
});

test("a hostile line of 64 KiB is done within a second", () => {
  const units = [
    "a",
    "password",
    "token: ",
    "--",
    "://",
    ":",
    "eyJ",
    "bearer ",
    '\\"',
    "token='\\",
    "-----BEGIN ",
    "\x1b]0;",
  ];
  for (const unit of units) {
    const line = unit.repeat(Math.floor(65_536 / unit.length));
    const before = process.cpuUsage().user;
    redact(line);
    plain(line);
    const spentMs = (process.cpuUsage().user - before) / 1_000;
    assert.ok(spentMs < 1_000, `${JSON.stringify(unit)} took ${spentMs} ms`);
  }
});

test("colours, titles and control characters are taken out", () => {
  assert.equal(plain("\x1b[31mred\x1b[0m \x1b]0;title\x07text"), "red text");
  assert.equal(plain("a\rb\x07c\u009bd\u2028e"), "a b c d e");
  assert.equal(redact(plain("password\x1b[0m=\x1b[31mhunter2")), "password=***");
  assert.equal(plain("plain ✓ 文"), "plain ✓ 文");
});
