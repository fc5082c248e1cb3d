// The tables that HAProxy prints, and the sums over workers that end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCounting } from "./counting.ts";
import { linesOf } from "./runtime.ts";
import { countsOf, rowsOf, serversOf, unansweredOf, workersOf } from "./tables.ts";

const processes = `#<PID>          <type>          <reloads>       <uptime>        <version>
7146            master          1 [failed: 2]   0d00h00m01s     2.6.12
# workers
7149            worker          0               0d00h00m01s     2.6.12
# old workers
7120            worker          1               0d00h00m09s     2.6.12
# programs
`;

test("workers are those of now and those that finish", () => {
  assert.deepEqual(workersOf(processes), {
    master: 7146,
    current: 7149,
    old: [7120],
    failedReloads: 2,
  });
  assert.throws(() => workersOf("nonsense"), { code: "WIRE_SHAPE" });
});

test("a server that the config had disabled is ready once it was told so", () => {
  const header = "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_port";
  const lines = [4, 5, 8, 0].map(
    (flags, i) => `4 b-web ${i} web:${i} 127.0.0.1 2 ${flags} 900${i}`,
  );
  const servers = serversOf(`1\n${header}\n${lines.join("\n")}\n\n`);
  assert.deepEqual(
    servers.map(({ state, port }) => `${state} ${port}`),
    ["ready 9000", "maint 9001", "drain 9002", "ready 9003"],
  );
});

test("only what may be repeated and has no answer is taken from the hung", () => {
  const session = (id: string, method: number, state: string): string =>
    `0x${id}: [21/Nov/2026] id=1\n  backend=b-web (id=4)\n  server=web:1 (id=1)\n  txn=0x1 flags=0x0 meth=${method} status=-1 req.st=MSG_DONE rsp.st=${state} req.f=0x4c\n`;
  const text =
    session("a", 1, "MSG_RPBEFORE") + session("b", 3, "MSG_RPBEFORE") + session("c", 1, "MSG_DATA");
  assert.deepEqual(unansweredOf(text, "b-web", "web:1"), ["0xa"]);
  assert.deepEqual(unansweredOf(text, "b-web", "web:2"), []);
});

const stat = (requests: number): string => `# pxname,svname,scur,stot,req_tot,hrsp_2xx,hrsp_5xx
f:web:127.0.0.1:80,FRONTEND,1,0,${requests},0,0
b-web,web:1,2,${requests},0,${requests},0
b-web,hold,0,9,0,0,0
`;
const table = (count: number): string =>
  `# table: t-answers, type: string, size:9, used:1\n0x1: key=web:1\\ 5 use=0 exp=0 gpc0=${count}\n`;

test("keys are read without their escapes, and tables are no rows", () => {
  assert.deepEqual([...countsOf(table(3))], [["web:1 5", 3]]);
  assert.equal(rowsOf(stat(1) + table(1)).length, 3);
});

test("what a worker counted stays when it has ended, and what it has in hand goes with it", () => {
  const counting = createCounting();
  const of = (answers: Record<number, string>) => {
    const entries = Object.entries(answers).map(([pid, text]) => [Number(pid), text] as const);
    const { routes, instances } = counting.stats(new Map(entries), 1);
    const [{ requests = 0, clients = 0 } = {}] = routes;
    const [{ inflight = 0, latency = [], statuses = [] } = {}] = instances;
    return [requests, clients, inflight, statuses[1], latency[5]];
  };
  assert.deepEqual(of({ 1: stat(10) + table(10) }), [10, 1, 2, 10, 10]);
  // An old worker shows no tables.
  assert.deepEqual(of({ 1: stat(11), 2: stat(1) + table(1) }), [12, 2, 4, 12, 11]);
  assert.deepEqual(of({ 2: stat(4) + table(4) }), [15, 1, 2, 15, 14]);
});

test("commands share lines, and none can be two", () => {
  assert.deepEqual(linesOf(["a", "b"]), ["a;b"]);
  assert.equal(linesOf(Array.from({ length: 300 }, () => "x".repeat(50))).length, 2);
  assert.throws(() => linesOf(["a;b"]));
});
