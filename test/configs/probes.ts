// Broken startup, readiness and liveness probes.
import { type Broken, yaml } from "./broken.ts";

const service = (probes: string): string =>
  `services:\n  web:\n    command: sleep 5\n    port: {A}\n    probes: ${probes}\n`;

export const brokenProbes: readonly Broken[] = [
  yaml("probe and probes", `${service("{ liveness: { tcp: true } }")}    probe: { tcp: true }\n`, [
    ["services.web.probes", "probe or probes", "both"],
  ]),
  yaml("probes that ask nothing", service("{}"), [
    ["services.web.probes", "one of startup, readiness or liveness at least", "none of them"],
  ]),
  yaml("a probe of a part that is not there", service("{ alive: { tcp: true } }"), [
    ["services.web.probes", "one of startup", "none of them"],
    ["services.web.probes.alive", "", ""],
  ]),
  yaml(
    "probes of no kind and of two",
    service("{ startup: { interval: 1s }, readiness: { http: /, grpc: true } }"),
    [
      [
        "services.web.probes.startup",
        "one of http, tcp, exec, grpc, file, link or notify",
        "none of them",
      ],
      ["services.web.probes.readiness", "one of http, tcp, exec", "http and grpc"],
    ],
  ),
  yaml(
    "sd_notify asked the wrong way round",
    service("{ startup: { notify: { watchdog: 1s } }, liveness: { notify: true } }"),
    [
      ["services.web.probes.startup.notify", "true", "settings (watchdog)"],
      ["services.web.probes.liveness.notify", "settings such as", "true"],
    ],
  ),
  yaml(
    "schedules that cannot be",
    service(
      "{ liveness: { tcp: true, interval: 10ms, timeout: 1ms, failures: 0, successes: 1.5, jitter: 2, delay: soon } }",
    ),
    [
      ["services.web.probes.liveness.interval", "a duration such as", "10ms"],
      ["services.web.probes.liveness.timeout", "a duration such as", "1ms"],
      ["services.web.probes.liveness.failures", "a whole number from 1 to", "0"],
      ["services.web.probes.liveness.successes", "a whole number from 1 to", "1.5"],
      ["services.web.probes.liveness.jitter", "a number from 0 to 1", "2"],
      ["services.web.probes.liveness.delay", "a duration such as", "soon"],
    ],
  ),
  yaml(
    "slowness that is cut off before, and where nothing watches it",
    service(
      "{ readiness: { tcp: true, slowAfter: 1s }, liveness: { tcp: true, slowAfter: 2s, timeout: 2s } }",
    ),
    [
      ["services.web.probes.readiness.slowAfter", "", ""],
      ["services.web.probes.liveness.slowAfter", "less than timeout, 2s", "2s"],
    ],
  ),
  yaml(
    "HTTP questions that cannot be asked",
    service(
      '{ startup: { http: health }, readiness: { http: { path: /, method: TRACE, status: [20], headers: { "a b": c }, redirects: 20 } }, liveness: { http: { path: /, method: HEAD, body: ok, bodyMatches: "(" , https: { ca: none.pem, warnDays: -1 } } } }',
    ),
    [
      ["services.web.probes.startup.http", "a path such as", "health"],
      ["services.web.probes.readiness.http.method", "GET", "TRACE"],
      ["services.web.probes.readiness.http.status[0]", "a status from 100 to 599", "20"],
      ['services.web.probes.readiness.http.headers["a b"]', "a name such as", ""],
      ["services.web.probes.readiness.http.redirects", "a whole number from 0 to 10", "20"],
      ["services.web.probes.liveness.http.body", "another method than HEAD", "ok"],
      ["services.web.probes.liveness.http.bodyMatches", "a regular expression", "Unterminated"],
      ["services.web.probes.liveness.http.https.ca", "a file that exists", "none.pem"],
      ["services.web.probes.liveness.http.https.warnDays", "a whole number", "-1"],
    ],
  ),
  yaml(
    "questions of the other kinds that cannot be asked",
    service(
      `{ startup: { exec: [no-such-check] }, readiness: { tcp: { send: PING } }, liveness: { file: { path: "beat-\${nr}", maxAge: 1ms } } }`,
    ),
    [
      ["services.web.probes.startup.exec[0]", "a program found in PATH", "no-such-check"],
      ["services.web.probes.readiness.tcp.expect", "what must be answered", "nothing"],
      ["services.web.probes.liveness.file.path", "no other placeholders", "nr}"],
      ["services.web.probes.liveness.file.maxAge", "a duration such as", "1ms"],
    ],
  ),
  yaml(
    "words that no app says, and files that no heart beats in",
    service(
      "{ startup: { link: fine }, readiness: { link: { says: ready, within: 1ms } }, liveness: { file: { path: beat } } }",
    ),
    [
      ["services.web.probes.startup.link", "one of healthy, ready, live, started", "fine"],
      ["services.web.probes.readiness.link.within", "a duration such as", "1ms"],
      ["services.web.probes.liveness.file.maxAge", "a duration such as", "nothing"],
    ],
  ),
];
