// Broken dependencies with conditions, jobs, groups and profiles.
import { type Broken, yaml } from "./broken.ts";

const job = (settings: string, more = ""): string =>
  `services:\n  work:\n    command: sleep 5\n    job: ${settings}\n${more}`;

export const brokenOrders: readonly Broken[] = [
  yaml(
    "conditions that are none",
    "services:\n  web: { command: sleep 5, dependsOn: { db: redy, cache: { logged: 3 }, queue: { log: x }, mail: { logged: Ready }, web: ready } }\n  db: { command: sleep 5 }\n  cache: { command: sleep 5 }\n  queue: { command: sleep 5 }\n",
    [
      ["services.web.dependsOn.db", '"ready", "started", "completed" or { logged', '"redy"'],
      ["services.web.dependsOn.cache.logged", "a piece of a line", "3"],
      ["services.web.dependsOn.queue", "or { logged", "settings (log)"],
      ["services.web.dependsOn.mail", "db, cache or queue", '"mail", which is no service'],
      ["services.web.dependsOn.web", "another service", "itself"],
    ],
  ),
  yaml(
    "conditions that never come",
    "services:\n  a: { command: sleep 5, dependsOn: { db: completed } }\n  b: { command: sleep 5, dependsOn: [migrate] }\n  c: { command: sleep 5, dependsOn: { nightly: completed } }\n  d: { command: sleep 5, dependsOn: { byhand: started } }\n  db: { command: sleep 5 }\n  migrate: { command: sleep 5, job: {} }\n  nightly: { command: sleep 5, job: { schedule: '@daily' } }\n  byhand: { command: sleep 5, job: { onStart: false } }\n",
    [
      ["services.a.dependsOn.db", "only a job is ever completed", "which is no job"],
      ["services.b.dependsOn[0]", '{ migrate: "completed" }', '"ready" of migrate, a job'],
      ["services.c.dependsOn.nightly", "a job that runs at the start", "one that does not"],
      ["services.d.dependsOn.byhand", "a job that runs at the start", "one that does not"],
    ],
  ),
  yaml(
    "a circle of conditions",
    "services:\n  a: { command: sleep 5, dependsOn: { b: started } }\n  b: { command: sleep 5, dependsOn: [c] }\n  c: { command: sleep 5, dependsOn: { a: { logged: up } } }\n",
    [["services.a.dependsOn.b", "no cycle", "a → b → c → a"]],
  ),
  yaml(
    "schedules that cannot be read",
    "services:\n  a: { command: sleep 5, job: { schedule: '*/5 * * *' } }\n  b: { command: sleep 5, job: { schedule: '0 25 * * *' } }\n  c: { command: sleep 5, job: { schedule: '@reboot' } }\n  d: { command: sleep 5, job: { schedule: '0 0 30 feb *', timezone: Europe/Warszawa } }\n  e: { command: sleep 5, job: { schedule: 5 } }\n",
    [
      ["services.a.job.schedule", "five fields: minute, hour", '"*/5 * * *"'],
      ["services.b.job.schedule", "hour: 0 to 23", '"0 25 * * *"'],
      ["services.c.job.schedule", "@hourly", '"@reboot"'],
      ["services.d.job.schedule", "a day that its months have", '"0 0 30 feb *"'],
      ["services.d.job.timezone", 'such as "Europe/Warsaw"', '"Europe/Warszawa"'],
      ["services.e.job.schedule", 'a schedule such as "*/5 * * * *"', "5"],
    ],
  ),
  yaml("settings of jobs that are wrong", job("{ overlap: kill, retries: 99, onStart: later }"), [
    ["services.work.job.overlap", '"skip", "queue" or "replace"', '"kill"'],
    ["services.work.job.retries", "a whole number from 0 to 49", "99"],
    ["services.work.job.onStart", "true or false", '"later"'],
  ]),
  yaml(
    "settings of a schedule without one",
    job("{ timezone: UTC, overlap: queue, catchUp: false, jitter: 5s }"),
    [
      ["services.work.job.timezone", "a schedule beside it", "none"],
      ["services.work.job.overlap", "a schedule beside it", "none"],
      ["services.work.job.catchUp", "a schedule beside it", "none"],
      ["services.work.job.jitter", "a schedule beside it", "none"],
    ],
  ),
  yaml(
    "what only services that go on can have",
    job(
      "{ retries: 2 }",
      "    port: {A}\n    replicas: 2\n    probe: { tcp: true }\n    restart: { when: always, stable: 1s, loopExits: 3, giveUp: { exits: 5, within: 10m } }\n",
    ),
    [
      ["services.work.port", "no port, because a job ends", "one"],
      ["services.work.replicas", "1, because a job runs once at a time", "2"],
      ["services.work.probe", "no probe, because a job ends", "one"],
      ["services.work.restart.when", '"unexpected" or "never"', '"always"'],
      ["services.work.restart.stable", "job.retries instead", "a job"],
      ["services.work.restart.loopExits", "job.retries instead", "a job"],
      ["services.work.restart.giveUp", "job.retries instead", "a job"],
    ],
  ),
  yaml(
    "tries of a job that is never tried again",
    job("{ retries: 2 }", "    restart: { when: never }\n"),
    [["services.work.job.retries", '0, because restart.when is "never"', "2"]],
  ),
  yaml("what other tools call a job", "services:\n  a: { command: sleep 5, once: true }\n", [
    ["services.a.once", '"job"', "once"],
  ]),
  yaml(
    "groups and profiles",
    "services:\n  web: { command: sleep 5, partOf: db, dependsOn: [db, cache] }\n  db: { command: sleep 5, profiles: [dev] }\n  cache: { command: sleep 5, profiles: [dev, test], dependsOn: [db] }\n  x: { command: sleep 5, partOf: Back End, profiles: [] }\n",
    [
      ["services.web.partOf", "a name that no service has", '"db", a service'],
      ["services.web.dependsOn[0]", "runs wherever web does", '"db", which does not run without'],
      [
        "services.web.dependsOn[1]",
        "runs wherever web does",
        '"cache", which does not run without',
      ],
      ["services.cache.dependsOn[0]", "wherever cache does", "does not run with profile test"],
      ["services.x.partOf", 'such as "backend"', '"Back End"'],
      ["services.x.profiles", "a list of 1 to 100 names", "an empty list"],
    ],
  ),
  yaml(
    "profiles only, and none chosen",
    "services:\n  a: { command: sleep 5, profiles: [dev, test] }\n",
    [["--profile", "dev or test", "none, so that no service would run"]],
  ),
];
