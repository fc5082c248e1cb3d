// What processes of several runtimes write before they end, as Node 24, Python 3, Go and dash do.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LastWords, lastWords } from "./last-words.ts";

const node = (...told: readonly string[]): readonly string[] => [
  "listening",
  "/app/web.js:3",
  "  throw what;",
  "  ^",
  "",
  ...told,
  "",
  "Node.js v24.21.0",
];

const inPort = (text: string, port?: number): LastWords => ({
  text,
  isListen: true,
  ...(port === undefined ? {} : { port }),
});

const cases: readonly (readonly [string, readonly string[], LastWords | string | undefined])[] = [
  [
    "an uncaught error, with the first line of the stack that is not Node's",
    node(
      "TypeError: no such thing",
      "    at JSON.parse (<anonymous>)",
      "    at node:internal/timers:5:1",
      "    at boom (/app/web.js:3:9)",
    ).with(6, "    at Object.parse (node:internal/x:1:1)"),
    "uncaught TypeError: no such thing, at boom (/app/web.js:3:9)",
  ],
  [
    "an error with fields and a cause",
    node(
      "Error: later",
      "    at go (/app/web.js:1:16) {",
      "  [cause]: Error: inner",
      "      at deep (/app/web.js:1:43)",
      "}",
    ),
    "uncaught Error: later, at go (/app/web.js:1:16)",
  ],
  [
    "a message of several lines and a class of its own",
    node("MyFault [Error]: one", "two", "    at go (/app/web.js:1:2)"),
    "uncaught MyFault: one, at go (/app/web.js:1:2)",
  ],
  [
    "text that was thrown",
    node("text only", "(Use `node …`)"),
    "uncaught text only, at /app/web.js:3",
  ],
  [
    "a rejection without an error",
    node(
      '[UnhandledPromiseRejection: … The promise rejected with the reason "5".] {',
      "  code: 'X'",
      "}",
    ),
    "uncaught rejection with 5, at /app/web.js:3",
  ],
  [
    "an older report, and one that goes on",
    [...node("Error: x"), "restarted"],
    "uncaught Error: x, at /app/web.js:3",
  ],
  [
    "heap memory",
    [
      "[1:0x1]  58 ms: Scavenge 14.9 (16.3) -> 14.8 (17.0) MB, pooled: 0 MB",
      "[1:0x1]  62 ms: Mark-Compact 15.6 (17.5) -> 15.2 (17.7) MB, pooled: 0 MB",
      "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
      "----- Native stack trace -----",
      " 1: 0xe13f5e node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]",
    ],
    "Node ran out of heap memory (Reached heap limit Allocation failed, 15.2 MB after the last collection)",
  ],
  [
    "another fatal error",
    ["FATAL ERROR: v8::ToLocalChecked Empty MaybeLocal"],
    "fatal error of Node: v8::ToLocalChecked Empty MaybeLocal",
  ],
  [
    "a port in use, IPv4",
    node(
      "Error: listen EADDRINUSE: address already in use 127.0.0.1:8080",
      "  code: 'EADDRINUSE',",
    ),
    inPort("port 8080 is in use", 8_080),
  ],
  [
    "a port in use, IPv6",
    node("Error: listen EADDRINUSE: address already in use :::443"),
    inPort("port 443 is in use", 443),
  ],
  [
    "a port in use, Go",
    ["listen tcp :8081: bind: address already in use"],
    inPort("port 8081 is in use", 8_081),
  ],
  [
    "a port in use, nginx",
    ["nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)"],
    inPort("port 80 is in use", 80),
  ],
  [
    "a port in use, Python",
    ["OSError: [Errno 98] Address already in use"],
    inPort("the address that it listens on is in use"),
  ],
  [
    "Python",
    [
      "Traceback (most recent call last):",
      '  File "/app/a.py", line 9, in <module>',
      "    go()",
      '  File "/app/b.py", line 3, in go',
      "ValueError: bad",
    ],
    "uncaught ValueError: bad, at /app/b.py:3",
  ],
  [
    "Go",
    ["panic: runtime error: index out of range", "", "goroutine 1 [running]:"],
    "panic: runtime error: index out of range",
  ],
  [
    "Rust",
    ["thread 'main' panicked at src/main.rs:2:5:", "it is over", "note: run with …"],
    "thread 'main' panicked at src/main.rs:2:5: it is over",
  ],
  ["C", ["web: web.c:3: main: Assertion `0' failed."], "web: web.c:3: main: Assertion `0' failed."],
  [
    "Java",
    ['Exception in thread "main" java.lang.Error: no', "\tat Web.main(Web.java:3)"],
    "uncaught java.lang.Error: no, at Web.main(Web.java:3)",
  ],
  ["dash without the program", ["homeostat: 3: exec: nothere: not found"], '"nothere": not found'],
  ["bash without it", ["bash: line 1: nothere: command not found"], '"nothere": command not found'],
  [
    "setpriv without it",
    ["setpriv: failed to execute nothere: No such file or directory"],
    '"nothere": No such file or directory',
  ],
  [
    "a setting that was refused",
    ["homeostat: ulimit.files could not be set to 9: the hard limit is 5"],
    "it was not started: ulimit.files could not be set to 9: the hard limit is 5",
  ],
  ["ordinary lines", ["GET / 200", "at last (x)", "Error: caught and told"], undefined],
  ["nothing", [], undefined],
];

describe("the last words of a process", () => {
  for (const [name, lines, words] of cases) {
    it(name, () => {
      assert.deepEqual(lastWords(lines), typeof words === "string" ? { text: words } : words);
    });
  }

  it("are one line that a person reads", () => {
    const { text = "" } = lastWords(node(`Error: ${"long\t".repeat(200)}`)) ?? {};
    assert.equal(text.length, 300);
    assert.doesNotMatch(text, /\t/);
  });
});
