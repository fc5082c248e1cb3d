// Broken configs with wrong shapes: unknown names, wrong types, values out of range.
import { type Broken, json, type Told, ts, yaml } from "./broken.ts";

const name = 'a name of small letters, digits and "-"';
const command = 'a command such as "node web.js"';
const duration = 'a duration such as "2s", "1m30s" or 500 (in ms), from';
const wanted = "services by name, such as { web:";

const wholes: readonly Broken[] = [
  ts("exports a function", "export default () => ({ services: {} });", [
    ["", "settings such as { services:", "a function"],
  ]),
  ts("exports a promise", "export default Promise.resolve({ services: {} });", [
    ["", "settings such as { services:", "a promise"],
  ]),
  ts("exports null", "export default null;", [["", "settings such as", "an empty value"]]),
  ts("exports a list", "export default [{}];", [["", "settings such as", "a list"]]),
  yaml("an empty file", "", [["", "settings such as { services:", "an empty value"]]),
  yaml("comments only", "# services:\n#   web:\n", [["", "settings such as", "an empty value"]]),
  yaml("one sentence", "run everything\n", [["", "settings such as", '"run everything"']]),
  yaml("no services at all", "project: shop\n", [["services", wanted, "nothing"]]),
  yaml("services as a list", "services:\n  - web\n  - db\n", [["services", wanted, "a list"]]),
  yaml("services that are empty", "services: {}\n", [["services", "1 to 100 services", "none"]]),
  json(
    "more services than 100",
    JSON.stringify({
      services: Object.fromEntries(
        Array.from({ length: 101 }, (_, i) => [`web-${i}`, { command: "sleep 5" }]),
      ),
    }),
    [["services", "1 to 100 services", "101"]],
  ),
];

const longest = "a".repeat(40);

const names: readonly Broken[] = [
  yaml(
    "names with wrong characters",
    `project: My Shop\nservices:\n  Web: { command: sleep 5 }\n  a.b: { command: sleep 5 }\n  9lives: { command: sleep 5 }\n  ${longest}: { command: sleep 5 }\n  "../etc": {}\n`,
    [
      ["project", name, '"My Shop"'],
      ["services.Web", name, '"Web"'],
      ['services["a.b"]', name, '"a.b"'],
      ["services.9lives", name, '"9lives"'],
      [`services.${longest}`, "at most 39 long", longest],
      ['services["../etc"]', name, '"../etc"'],
      ['services["../etc"].command', command, "nothing"],
    ],
  ),
  json(
    "names that JavaScript keeps",
    '{ "services": { "__proto__": { "command": "sleep 5" }, "constructor": { "command": "sleep 5" } }, "__proto__": 1 }',
    [
      ["services.__proto__", "another name", "which JavaScript keeps for itself"],
      ["services.constructor", "another name", "which JavaScript keeps for itself"],
      ["__proto__", "another name", "which JavaScript keeps for itself"],
    ],
  ),
  yaml(
    "unknown names at every level",
    `service: {}
dashboard: { prt: {A} }
healing: { mode: auto, modes: { restrt: auto }, verify: { helthy: 3s }, cooldown: { min: 1s } }
services:
  web:
    command: sleep 5
    replica: 2
    dependOn: [db]
    colour: red
    probe: { http: /, intervall: 1s }
    limits: { p59: 1s, memory: 100 }
    restart: { backof: {}, backoff: { initial: 1s }, giveUp: { exits: 3, within: 1m, after: 3 } }
    stop: { sig: SIGTERM }
    healing: { strike: 2 }
`,
    [
      ["service", '"services"', "unknown name"],
      ["dashboard.prt", '"port"', 'the unknown name "prt"'],
      ["healing.modes.restrt", '"restart"', "restrt"],
      ["healing.verify.helthy", '"healthy"', "helthy"],
      ["healing.cooldown.min", "one of first, max", "min"],
      ["services.web.replica", '"replicas"', "replica"],
      ["services.web.dependOn", '"dependsOn"', "dependOn"],
      ["services.web.colour", "one of command, cwd, env, replicas, port", "colour"],
      ["services.web.probe.intervall", '"interval"', "intervall"],
      ["services.web.limits.p59", '"p95"', "p59"],
      ["services.web.limits.memory", '"memoryMiB"', "memory"],
      ["services.web.restart.backof", '"backoff"', "backof"],
      ["services.web.restart.backoff.initial", "one of first, factor, max", "initial"],
      ["services.web.restart.giveUp.after", "one of exits, within", "after"],
      ["services.web.stop.sig", '"signal"', "sig"],
      ["services.web.healing.strike", '"strikes"', "strike"],
    ],
  ),
  yaml(
    "the words of other tools",
    "services:\n  web:\n    command: sleep 5\n    instances: 2\n    healthcheck: { http: / }\n    depends_on: [db]\n    working_dir: /tmp\n    environment: { A: 1 }\n    interval: 1s\n    mode: auto\n",
    [
      ["services.web.instances", '"replicas"', "instances"],
      ["services.web.healthcheck", '"probe"', "healthcheck"],
      ["services.web.depends_on", '"dependsOn"', "depends_on"],
      ["services.web.working_dir", '"cwd"', "working_dir"],
      ["services.web.environment", '"env"', "environment"],
      ["services.web.interval", '"probe.interval"', "interval"],
      ["services.web.mode", '"healing.mode"', "mode"],
    ],
  ),
];

const types: readonly Broken[] = [
  yaml(
    "blocks that are no blocks",
    `project: 5
dashboard: {A}
healing: auto
services:
  web:
    command: sleep 5
    cwd: 3
    env: [A=1]
    dependsOn: db
    probe: /health
    limits: 500ms
    configFiles: web.json
    restart: always
    stop: 10s
    degradable: yes
    healing: { modes: auto, verify: 10s, cooldown: 3s }
  db: sleep 5
  api:
`,
    [
      ["project", name, "5"],
      ["dashboard", "settings such as { port: 7700 }", "{A}"],
      ["healing", 'settings such as { mode: "auto" }', '"auto"'],
      ["services.web.cwd", 'a folder such as "apps/web"', "3"],
      ["services.web.env", 'settings such as { LOG_LEVEL: "info" }', "a list"],
      ["services.web.dependsOn", 'a list of 0 to 100 texts, such as ["db"], or', '"db"'],
      ["services.web.probe", 'settings such as { http: "/health" }', '"/health"'],
      ["services.web.limits", 'settings such as { p95: "500ms", for: "5s" }', '"500ms"'],
      ["services.web.configFiles", 'such as ["web.json"]', '"web.json"'],
      ["services.web.restart", 'settings such as { when: "unexpected" }', '"always"'],
      ["services.web.stop", 'settings such as { signal: "SIGTERM", wait: "10s" }', '"10s"'],
      ["services.web.degradable", "true or false", '"yes"'],
      ["services.web.healing.modes", 'settings such as { restart: "auto" }', '"auto"'],
      ["services.web.healing.verify", "settings such as { healthy:", '"10s"'],
      ["services.web.healing.cooldown", "settings such as { first:", '"3s"'],
      ["services.db", 'settings such as { command: "node web.js" }', '"sleep 5"'],
      ["services.api", 'settings such as { command: "node web.js" }', "an empty value"],
    ],
  ),
  yaml(
    "commands that are none",
    'services:\n  a: { command: }\n  b: { command: "" }\n  c: { command: [] }\n  d: { command: [sleep, 5] }\n  e: { command: 5 }\n  f: {}\n  g: { command: { run: x } }\n  h: { command: sleep 5, probe: { exec: [] } }\n',
    [
      ["services.a.command", command, "an empty value"],
      ["services.b.command", command, '""'],
      ["services.c.command", command, "an empty list"],
      ["services.d.command[1]", "text", "5 without quotes"],
      ["services.e.command", command, "5"],
      ["services.f.command", command, "nothing"],
      ["services.g.command", command, "settings (run)"],
      ["services.h.probe.exec", "a list of 1 to 100 texts", "an empty list"],
    ],
  ),
  yaml(
    "words that are not among the choices",
    "healing: { mode: automatic }\nservices:\n  web:\n    command: sleep 5\n    restart: { when: on-failure, expectedExits: [0, 300, x] }\n    stop: { signal: KILL }\n    healing: { modes: { restart: yes } }\n",
    [
      ["healing.mode", '"observe", "suggest" or "auto"', '"automatic"'],
      ["services.web.restart.when", '"unexpected", "always" or "never"', '"on-failure"'],
      ["services.web.restart.expectedExits[1]", "an exit code from 0 to 255", "300"],
      ["services.web.restart.expectedExits[2]", "an exit code from 0 to 255", '"x"'],
      ["services.web.stop.signal", '"SIGTERM", "SIGINT"', '"KILL"'],
      ["services.web.healing.modes.restart", '"observe", "suggest" or "auto"', '"yes"'],
    ],
  ),
  ts(
    "values that only code can make",
    `const loop: Record<string, unknown> = { command: "sleep 5" };
loop.healing = loop;
export default {
  services: {
    web: { command: () => "x", port: 80n, probe: new Map(), env: { AT: new Date(0), ON: Symbol("x") } },
    loop,
  },
};`,
    [
      ["services.web.command", command, "a function"],
      ["services.web.port", "a port from 1 to 65535", "80n, a bigint"],
      ["services.web.probe", "settings such as", "a Map"],
      ["services.web.env.AT", "text, a number, true or false", "a Date"],
      ["services.web.env.ON", "text, a number, true or false", "a symbol"],
      ["services.loop.healing", "settings such as", "a circle: it contains itself"],
    ],
  ),
  ts("a getter that throws", "export default { get services() { throw new Error('no'); } };", [
    ["", "values that can be read", 'one that threw "no"'],
  ]),
];

const bad = (path: string, got: string): Told => [`services.${path}`, duration, got];

const ranges: readonly Broken[] = [
  ts(
    "durations that are none",
    `export default { services: { web: {
  command: "sleep 5", port: {A},
  probe: { http: "/", interval: "5 sec", timeout: "-1s", startup: Number.NaN, slowAfter: true },
  limits: { for: "", p95: Infinity },
  restart: { backoff: { first: -5, max: "1h 30m" }, stable: 1e15, giveUp: { exits: 8, within: "400d" } },
  stop: { wait: "10S" }, hold: "٣s", timeout: 0,
  healing: { approval: "8d", settle: {}, verify: { healthy: [1] } },
} } };`,
    [
      bad("web.probe.interval", '"5 sec"'),
      bad("web.probe.timeout", '"-1s"'),
      bad("web.probe.startup", "NaN"),
      bad("web.probe.slowAfter", "true"),
      bad("web.limits.for", '""'),
      bad("web.limits.p95", "Infinity"),
      bad("web.restart.backoff.first", "-5"),
      bad("web.restart.backoff.max", '"1h 30m"'),
      bad("web.restart.stable", "1000000000000000"),
      bad("web.restart.giveUp.within", '"400d"'),
      bad("web.stop.wait", '"10S"'),
      bad("web.hold", '"٣s"'),
      bad("web.timeout", "0"),
      bad("web.healing.approval", '"8d"'),
      bad("web.healing.settle", "empty settings"),
      bad("web.healing.verify.healthy", "a list"),
    ],
  ),
  yaml(
    "counts out of range",
    'services:\n  a: { command: sleep 5, replicas: 0 }\n  b: { command: sleep 5, replicas: 65 }\n  c: { command: sleep 5, replicas: 1.5 }\n  d: { command: sleep 5, replicas: "3" }\n  e: { command: sleep 5, replicas: .inf, restart: { loopExits: 1 } }\n  f: { command: sleep 5, probe: { tcp: false, failures: 0 }, healing: { strikes: -1, perHour: 0, maxUnhealthy: 50 } }\n',
    [
      ["services.a.replicas", "a whole number from 1 to 64", "0"],
      ["services.b.replicas", "a whole number from 1 to 64", "65"],
      ["services.c.replicas", "a whole number from 1 to 64", "1.5"],
      ["services.d.replicas", "a whole number from 1 to 64", '"3" in quotes'],
      ["services.e.replicas", "a whole number from 1 to 64", "Infinity"],
      ["services.e.restart.loopExits", "a whole number from 2 to 50", "1"],
      ["services.f.probe.tcp", "true", "false"],
      ["services.f.probe.failures", "a whole number from 1 to 100", "0"],
      ["services.f.healing.strikes", "a whole number from 1 to 100", "-1"],
      ["services.f.healing.perHour", "a whole number from 1 to 10000", "0"],
      ["services.f.healing.maxUnhealthy", "a number from 0 to 1", "50"],
    ],
  ),
  yaml(
    "limits out of range",
    'services:\n  web:\n    command: sleep 5\n    port: {A}\n    probe: { http: "http://localhost/health" }\n    limits: { errors: 1.5, cpu: 0, memoryMiB: -5 }\n    restart: { backoff: { factor: 0.5 }, giveUp: { exits: 1 } }\n',
    [
      ["services.web.probe.http", 'a path such as "/health"', '"http://localhost/health"'],
      ["services.web.limits.errors", "a number from 0 to 1", "1.5"],
      ["services.web.limits.cpu", "a number from 0.001 to 1024", "0"],
      ["services.web.limits.memoryMiB", "a number from 1 to 1048576", "-5"],
      ["services.web.restart.backoff.factor", "a number from 1 to 10", "0.5"],
      ["services.web.restart.giveUp.within", duration, "nothing"],
      ["services.web.restart.giveUp.exits", "a whole number from 2 to 50", "1"],
    ],
  ),
  yaml(
    "ports that are none",
    'dashboard: { port: 70000, host: "" }\nservices:\n  a: { command: sleep 5, port: 0 }\n  b: { command: sleep 5, port: 70000 }\n  c: { command: sleep 5, port: "80" }\n  d: { command: sleep 5, port: 80.5 }\n  e: { command: sleep 5, port: }\n',
    [
      ["dashboard.port", "a port from 1 to 65535", "70000"],
      ["dashboard.host", 'an address such as "127.0.0.1"', '""'],
      ["services.a.port", "a port from 1 to 65535", "0"],
      ["services.b.port", "a port from 1 to 65535", "70000"],
      ["services.c.port", "a port from 1 to 65535", '"80" in quotes'],
      ["services.d.port", "a port from 1 to 65535", "80.5"],
      ["services.e.port", "a port from 1 to 65535", "an empty value"],
    ],
    { keepsDashboard: true },
  ),
  yaml(
    "a token that is too short",
    "dashboard: { host: 0.0.0.0, token: hunter2-secret }\nservices: { web: { command: sleep 5 } }\n",
    [["dashboard.token", "text of 16 to 512 characters without blanks", "text of 14"]],
    { secret: "hunter2" },
  ),
  yaml(
    "a token that is no text",
    "dashboard: { token: 1234567890123456 }\nservices: { web: { command: sleep 5 } }\n",
    [["dashboard.token", "text of 16 to 512 characters", "a number"]],
    { secret: "123456789" },
  ),
];

export const misshapen: readonly Broken[] = [...wholes, ...names, ...types, ...ranges];
