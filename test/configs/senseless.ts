// Broken configs whose settings contradict each other or the machine that they are on.
import { type Broken, ts, yaml } from "./broken.ts";

const files: Readonly<Record<string, string>> = {
  "run.sh": "#!/bin/sh\n",
  "web.js": "",
  "apps/x": "",
};
const gateway = "a port beside it, because only the gateway can do this";

const between: readonly Broken[] = [
  yaml(
    "ports that are used twice",
    "dashboard: { port: {A} }\nservices:\n  a: { command: sleep 5, port: {A} }\n  b: { command: sleep 5, port: {B} }\n  c: { command: sleep 5, port: {B} }\n  d: { command: sleep 5, port: {B} }\n",
    [
      ["services.a.port", "a port of its own", "{A}, which the dashboard has"],
      ["services.c.port", "a port of its own", "{B}, which b has"],
      ["services.d.port", "a port of its own", "{B}, which b has"],
    ],
    { keepsDashboard: true },
  ),
  yaml(
    "a dashboard for everybody",
    "dashboard: { host: 0.0.0.0 }\nservices: { web: { command: sleep 5 } }\n",
    [["dashboard.token", 'because "0.0.0.0" can be reached from outside', "nothing"]],
  ),
  yaml(
    "dependencies that are none",
    "services:\n  web: { command: sleep 5, dependsOn: [catlog, web, catalog, catalog, queue] }\n  catalog: { command: sleep 5 }\n",
    [
      ["services.web.dependsOn[0]", '"catalog"', '"catlog", which is no service'],
      ["services.web.dependsOn[1]", "another service", '"web", itself'],
      ["services.web.dependsOn[3]", "each service once", '"catalog" again'],
      ["services.web.dependsOn[4]", "catalog", '"queue", which is no service'],
    ],
  ),
  yaml(
    "cycles of two and of three",
    "services:\n  a: { command: sleep 5, dependsOn: [b] }\n  b: { command: sleep 5, dependsOn: [a] }\n  x: { command: sleep 5, dependsOn: [a, y] }\n  y: { command: sleep 5, dependsOn: [z] }\n  z: { command: sleep 5, dependsOn: [x] }\n",
    [
      ["services.a.dependsOn[0]", "no cycle", "a → b → a"],
      ["services.x.dependsOn[1]", "no cycle", "x → y → z → x"],
    ],
  ),
];

const machine: readonly Broken[] = [
  yaml(
    "folders and programs that are not there",
    'services:\n  a: { command: sleep 5, cwd: nowhere }\n  b: { command: sleep 5, cwd: web.js }\n  c: { command: no-such-program --flag }\n  d: { command: ./none.sh }\n  e: { command: [./run.sh, "1"] }\n  f: { command: web.js }\n  g: { command: ./apps }\n  h: { command: run.sh }\n  i: { command: no-such-program, cwd: nowhere }\n  j: { command: sleep 5, probe: { exec: [no-such-check] } }\n',
    [
      ["services.a.cwd", "a folder that exists", '"nowhere"'],
      ["services.b.cwd", "a folder that exists", '"web.js", a file'],
      ["services.c.command", "a program found in PATH", '"no-such-program"'],
      ["services.d.command", "a program that exists", '"./none.sh"'],
      ["services.e.command[0]", "a program that exists", '"./run.sh", which may not be executed'],
      ["services.f.command", "a program found in PATH", '"web.js", a file: write node web.js'],
      ["services.g.command", "a program that exists", '"./apps", a folder'],
      ["services.h.command", "a program found in PATH", '"run.sh", a file: write ./run.sh'],
      ["services.i.command", "a program found in PATH", '"no-such-program"'],
      ["services.i.cwd", "a folder that exists", '"nowhere"'],
      ["services.j.probe.exec[0]", "a program found in PATH", '"no-such-check"'],
    ],
    { files },
  ),
  yaml(
    "config files that are not there",
    "services:\n  web: { command: sleep 5, configFiles: [none.json, apps, web.js, web.js] }\n",
    [
      ["services.web.configFiles[0]", "a file that exists", '"none.json"'],
      ["services.web.configFiles[1]", "a file that exists", '"apps", a folder'],
      ["services.web.configFiles[3]", "each file once", '"web.js" again'],
    ],
    { files },
  ),
  yaml(
    "environments that would be lost",
    'services:\n  web:\n    command: sleep 5\n    port: {A}\n    env: { PORT: 80, HOMEOSTAT_RUN: x, NOTHING: , MANY: [1, 2], "A=B": 1, "": 2 }\n',
    [
      ["services.web.env.PORT", "no PORT, because each instance is given", "80"],
      ["services.web.env.HOMEOSTAT_RUN", "another name", "which Homeostat sets itself"],
      ["services.web.env.NOTHING", "text, a number, true or false", "an empty value"],
      ["services.web.env.MANY", "text, a number, true or false", "a list"],
      ['services.web.env["A=B"]', "a name such as LOG_LEVEL", '"A=B"'],
      ['services.web.env[""]', "a name such as LOG_LEVEL", '""'],
    ],
  ),
];

const within: readonly Broken[] = [
  yaml(
    "two probes at once, and none",
    "services:\n  a: { command: sleep 5, probe: { http: /, tcp: true } }\n  b: { command: sleep 5, probe: { interval: 1s } }\n  c: { command: sleep 5, probe: {} }\n  d: { command: sleep 5, probe: { http: /, tcp: true, exec: [sleep], interval: soon } }\n",
    [
      ["services.a.probe", "one of http, tcp or exec", "http and tcp"],
      ["services.b.probe", "one of http, tcp or exec", "none of them"],
      ["services.c.probe", "one of http, tcp or exec", "none of them"],
      ["services.d.probe", "one of http, tcp or exec", "http and tcp and exec"],
      ["services.d.probe.interval", "a duration such as", '"soon"'],
    ],
  ),
  yaml(
    "work for a gateway that is not there",
    "services:\n  web:\n    command: sleep 5\n    limits: { p95: 1s, errors: 0.1, cpu: 1 }\n    hold: 1s\n    timeout: 1s\n    degradable: true\n",
    [
      ["services.web.limits.p95", gateway, "a service without port"],
      ["services.web.limits.errors", gateway, "a service without port"],
      ["services.web.hold", gateway, "a service without port"],
      ["services.web.timeout", gateway, "a service without port"],
      ["services.web.degradable", gateway, "a service without port"],
    ],
  ),
  yaml(
    "a give-up that can never come",
    "services:\n  a: { command: sleep 5, restart: { giveUp: { exits: 8, within: 60s } } }\n  b: { command: sleep 5, restart: { backoff: { first: 1m, max: 1h } } }\n  c: { command: sleep 5, restart: { loopExits: 9 } }\n  d: { command: sleep 5, restart: { giveUp: { exits: 50, within: 20m } } }\n",
    [
      ["services.a.restart.giveUp.within", "more than the 1m6s that 8 exits take", "1m: it would"],
      [
        "services.b.restart.backoff",
        "room for 8 exits within 10m",
        "2h4m: it would restart for ever",
      ],
      ["services.c.restart.loopExits", "at most giveUp.exits, 8", "9"],
      ["services.d.restart.giveUp.within", "more than the 22m27s that 50 exits", "20m"],
    ],
  ),
  yaml(
    "durations in the wrong order",
    "healing: { verify: { healthy: 2m }, cooldown: { first: 10m } }\nservices:\n  a: { command: sleep 5, restart: { backoff: { first: 10s, max: 1s } } }\n  b: { command: sleep 5, healing: { verify: { timeout: 1m } } }\n  c: { command: sleep 5, healing: { verify: { healthy: 30s }, cooldown: { max: 9m } } }\n  d: { command: sleep 5, healing: { verify: { healthy: 1s, timeout: 1s } } }\n",
    [
      ["healing.verify.healthy", "less than verify.timeout, 1m", "2m"],
      ["healing.cooldown.first", "at most cooldown.max, 5m", "10m"],
      ["services.a.restart.backoff.max", "at least backoff.first, 10s", "1s"],
      ["services.b.healing.verify.timeout", "more than verify.healthy, 2m", "1m"],
      ["services.c.healing.cooldown.max", "at least cooldown.first, 10m", "9m"],
      ["services.d.healing.verify.timeout", "more than verify.healthy, 1s", "1s"],
    ],
  ),
  yaml(
    "limits that no answer can pass",
    "services:\n  web:\n    command: sleep 5\n    port: {A}\n    probe: { http: /, timeout: 1s, slowAfter: 1s }\n    limits: { p95: 3s }\n    timeout: 2s\n  api:\n    command: sleep 5\n    port: {B}\n    limits: { p95: 30s }\n",
    [
      ["services.web.probe.slowAfter", "less than probe.timeout, 1s", "1s"],
      ["services.web.limits.p95", "less than timeout, 2s", "3s"],
      ["services.api.limits.p95", "less than timeout, 30s", "30s"],
    ],
  ),
  ts(
    "five at once",
    `const base = { command: "sleep 5", probe: { http: "/health" } };
export default {
  dashboard: { port: {A} },
  services: {
    web: { ...base, replica: 3, dependsOn: ["databse"] },
    database: { ...base, port: {A}, replicas: -1 },
    worker: { ...base, command: "no-such-program" },
  },
};`,
    [
      ["services.web.replica", '"replicas"', "replica"],
      ["services.web.dependsOn[0]", '"database"', '"databse", which is no service'],
      ["services.database.port", "a port of its own", "{A}, which the dashboard has"],
      ["services.database.replicas", "a whole number from 1 to 64", "-1"],
      ["services.worker.command", "a program found in PATH", '"no-such-program"'],
    ],
    { keepsDashboard: true },
  ),
];

export const senseless: readonly Broken[] = [...between, ...machine, ...within];
