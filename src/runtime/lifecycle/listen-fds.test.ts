// Which sockets a process was given: those that are meant for it, and no others.
import assert from "node:assert/strict";
import { test } from "node:test";
import { listenFds } from "./listen-fds.ts";

const of = (given: Record<string, string>) => listenFds((name) => given[name], 42);

test("sockets come in their order, with their names, from descriptor 3 on", () => {
  const two = { LISTEN_PID: "42", LISTEN_FDS: "2", LISTEN_FDNAMES: "web:admin" };
  assert.deepEqual(of(two), [
    { name: "web", fd: 3 },
    { name: "admin", fd: 4 },
  ]);
  assert.deepEqual(of({ LISTEN_PID: "42", LISTEN_FDS: "1" }), [{ name: "unknown", fd: 3 }]);
});

test("what another process was given, or nobody, is nobody's", () => {
  assert.deepEqual(of({ LISTEN_PID: "41", LISTEN_FDS: "1" }), []);
  assert.deepEqual(of({ LISTEN_FDS: "1" }), []);
  assert.deepEqual(of({}), []);
  for (const LISTEN_FDS of ["", "0", "-1", "1.5", "many", "99999"]) {
    assert.deepEqual(of({ LISTEN_PID: "42", LISTEN_FDS }), [], LISTEN_FDS);
  }
});
