// The faults of the articles and code bases that Homeostat began with: each is shown and absent by a test.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { filesOf } from "../scripts/suites.ts";
import { root } from "./house/tree.ts";

/** S1: the article on self-healing, S2: on ten techniques, S3: the post and the code it is about. */
type Id = `S${1 | 2 | 3}-F${number}`;

/** Id, the fault, and the tests of exactly these names (after "fault: "). */
const faults: readonly (readonly [id: Id, fault: string, ...tests: readonly string[]])[] = [
  [
    "S1-F1",
    "The metrics server and the app are both put on port 8000",
    "the metrics server and the app are both given the same port",
  ],
  ["S1-F2", 'The route "/" is there twice', '"/" is defined twice'],
  ["S1-F3", "A decorator is used that no import brings", "repeat_every is never imported"],
  [
    "S1-F4",
    "The detector wants a dict or a TimeSeries and gets a list",
    "luminol takes a dict or a TimeSeries, and is given a list",
  ],
  [
    "S1-F5",
    "A threshold of 0.7 is held against a score that knows no 1",
    "the score is not from 0 to 1, so that a threshold of 0.7 is meaningless",
  ],
  ["S1-F6", "No score before the history is full", "nothing is scored until point 61"],
  [
    "S1-F7",
    "So few points that another algorithm takes over in silence",
    "60 points are too few for the bitmap detector, which falls back to another",
  ],
  ["S1-F8", "What is judged is not what was kept", "start and detect sample the CPU twice"],
  [
    "S1-F9",
    "The healing ends its own healer, again and again, without a cooldown or a look at the result",
    "self_heal restarts the service that runs it, for ever",
  ],
  ["S1-F10", "Findings are printed", "print instead of logging"],
  [
    "S2-F1",
    "Names of the retry and of the breaker that are not there",
    "retry_if_exception_type is never imported",
    "CircuitBreakerError is never defined",
  ],
  [
    "S2-F2",
    "A query is put together from words of others",
    "SQL built by f-string (the journal)",
    "SQL built by f-string (the PostgreSQL check)",
    "SQL built by f-string (the PostgreSQL lease)",
  ],
  [
    "S2-F3",
    "Failures of all times add up while the breaker is closed",
    "breaker never resets its failure count on success while closed",
  ],
  [
    "S2-F4",
    "A breaker that tries lets everybody try",
    "breaker lets any number of callers through half-open",
  ],
  ["S2-F5", "A clock that is set moves a breaker", "breaker uses the wall clock"],
  ["S2-F6", "Calls that overlap confuse a breaker", "breaker is not thread safe"],
  [
    "S2-F7",
    "One check that hangs keeps the others from being looked at",
    "health checks run one after another without a timeout",
  ],
  [
    "S2-F8",
    "What is not critical keeps the status of long ago",
    "is_healthy runs only critical checks and shows stale values for the others",
  ],
  [
    "S2-F9",
    "A name that nobody has registered means off",
    "a feature asks for a service never registered and is silently unavailable",
  ],
  [
    "S2-F10",
    "The fallback is for the check only, not for the feature",
    "when the feature function itself throws, the fallback is not used",
  ],
  ["S2-F11", "A start is counted as a restart", "watchdog counts the first start as a restart"],
  ["S2-F12", "What was done is started again", "watchdog restarts clean exits (code 0)"],
  [
    "S2-F13",
    "It says for ever that it has given up",
    "watchdog logs the give-up every 5 s for ever",
  ],
  ["S2-F14", "A process that ignores SIGTERM stays", "watchdog sends no KILL"],
  ["S2-F15", "SIGTERM leaves all its processes behind", "watchdog has no SIGTERM handling"],
  ["S2-F16", "The first line to log ends it", "watchdog's `logging` is not imported"],
  [
    "S2-F17",
    "Scenarios wait for one another",
    "synthetic scenarios run serially, a slow one delays all",
  ],
  [
    "S2-F18",
    "Two texts have to be there where either would do",
    'search test needs both "No results found" AND "Error"',
  ],
  [
    "S2-F19",
    "What chaos disturbed stays disturbed after a crash",
    "chaos iptables rule stays if the process dies",
  ],
  ["S2-F20", "Chaos does what nothing takes back", "flushall has no undo"],
  ["S2-F21", "A run without an error counts as a cure", "the recovery manager never verifies"],
  ["S2-F22", "Two runs of one recovery at once", "the set of active recoveries has no lock"],
  [
    "S2-F23",
    "As many recoveries as looks",
    "a persisting failure re-triggers recovery every 30 s with no back-off",
  ],
  [
    "S2-F24",
    "A recovery of another type is never called",
    "the recovery manager subscribes to three fixed types only",
  ],
  [
    "S2-F25",
    "Two places decide whether chaos may act",
    "env chaos gate and is_production gate can disagree",
  ],
  ["S3-F1", "A lost thread ends the app as if all were well", "exit code 0 on thread death"],
  ["S3-F2", "A flag that was copied never changes", "`shutting_down` imported by value"],
  [
    "S3-F3",
    "The watch dies of an option it does not find",
    "nanny dies when the cronitor option is missing",
  ],
  ["S3-F4", "What is not yet started counts as lost", "thread tracked before start"],
  ["S3-F5", "Two of one name are one", "same names collide"],
  ["S3-F6", "A loss is seen a minute later", "up to 62 s detection latency"],
  ["S3-F7", "The last cause of death is told", "die() overwrites the cause with later ones"],
  [
    "S3-F8",
    "A process that never stays up is started for ever",
    "supervisord EXITED restarts unlimited (the daemon)",
    "supervisord EXITED restarts unlimited (the app's watchdog)",
  ],
  ["S3-F9", "A secret address is in the log", "HC_PING_URL printed to syslog"],
  ["S3-F10", "Ctrl-C cuts the app off", "no SIGINT in SignalHandler"],
  ["S3-F11", "What a command says of its failure is lost", "stderr not captured by exec_cmd"],
];

interface Found {
  readonly path: string;
  readonly body: string;
}

const head = /^ *(?:test|it)\(\s*(["'`])fault: (.+?)\1,/gm;

/** The tests of faults in files that a suite runs: their names, and what stands up to the next test. */
function faultTests(): ReadonlyMap<string, readonly Found[]> {
  const found = new Map<string, Found[]>();
  for (const path of [...filesOf("fast"), ...filesOf("process")]) {
    const text = readFileSync(join(root, path), "utf8");
    for (const { index, 0: begun, 2: name = "" } of text.matchAll(head)) {
      const rest = text.slice(index + begun.length);
      const next = rest.search(/^ *(?:test|it|describe)\(/m);
      const body = next < 0 ? rest : rest.slice(0, next);
      found.set(name, [...(found.get(name) ?? []), { path, body }]);
    }
  }
  return found;
}

const ofAll = faultTests();

for (const [id, fault, ...names] of faults) {
  test(`${id} ${fault}: has its test`, () => {
    assert.ok(names.length > 0);
    for (const name of names) {
      const found = ofAll.get(name) ?? [];
      assert.notEqual(found.length, 0, `no suite has a test "fault: ${name}"`);
      const shown = found.filter(({ body }) => /\bonlyOursHolds\b|\bgivesUp\(/.test(body));
      assert.notEqual(shown.length, 0, `"fault: ${name}" holds no imitation to the same assertion`);
    }
  });
}

test("the list of faults is whole: 10, 25 and 11, each once", () => {
  const ids = faults.map(([id]) => id);
  const expected = [
    ["S1", 10],
    ["S2", 25],
    ["S3", 11],
  ] as const;
  assert.deepEqual(
    ids,
    expected.flatMap(([from, count]) =>
      Array.from({ length: count }, (_, i) => `${from}-F${i + 1}`),
    ),
  );
  const names = faults.flatMap(([, , ...tests]) => tests);
  assert.equal(new Set(names).size, names.length);
});
