// The shape of the probes of a service: startup, readiness and liveness apart.
import { z } from "zod";
import { block, choice, duration, list, number, text, whole } from "./schema-parts.ts";

const pathPhrase = 'a path such as "/health"';
const path = text(pathPhrase, /^\/[!-~]*$/);
const someTextPhrase = "text of 1 to 1000 characters";
const someText = (about: string): z.ZodOptional<z.ZodString> =>
  z
    .string(someTextPhrase)
    .min(1, someTextPhrase)
    .max(1_000, someTextPhrase)
    .describe(about)
    .optional();

const portOfProbe = whole("Default: the port of the instance.", 1, 65_535);
const yes = (about: string): z.ZodType => z.literal(true, "true").describe(about);

const statusPhrase = "a status from 100 to 599";
const statusesPhrase = "a list of statuses, such as [200, 204]";
const headerPhrase = "text in one line";

const https = block('{ ca: "ca.pem" }', {
  ca: someText("File of PEM certificates to trust, relative to the folder of the project."),
  insecure: z.boolean("true or false").describe("Takes any certificate. Default false.").optional(),
  name: text('a host name such as "web.example"', /^[\w.:-]{1,253}$/)
    .describe('Whom the certificate must name. Default "localhost".')
    .optional(),
  warnDays: whole("Less than so many days until it expires is a symptom. Default 14.", 0, 3_650),
});

const http = block('{ path: "/health", body: "ok" }', {
  path,
  port: portOfProbe,
  method: choice("Default GET.", ["GET", "HEAD", "POST", "PUT", "OPTIONS"]),
  headers: z
    .record(
      z.string(),
      text(headerPhrase, /^[\t -~\u0080-\u00ff]{0,4000}$/),
      'headers such as { Host: "web.example" }',
    )
    .describe("Sent with each request.")
    .optional(),
  status: z
    .array(z.int(statusPhrase).min(100, statusPhrase).max(599, statusPhrase), statusesPhrase)
    .min(1, statusesPhrase)
    .max(100, statusesPhrase)
    .describe("Statuses that are healthy. Default: 200 to 399.")
    .optional(),
  body: someText("Text that the first 64 KiB of the body must contain."),
  bodyMatches: someText("Regular expression that the first 64 KiB of the body must match."),
  redirects: whole("How many are followed, to the same host and port. Default 0.", 0, 10),
  https: z
    .union([yes("Asks by HTTPS."), https], 'true, or settings such as { ca: "ca.pem" }')
    .optional(),
});

const tcp = block('{ send: "PING\\r\\n", expect: "PONG" }', {
  port: portOfProbe,
  send: someText("Said when the connection stands."),
  expect: someText("Text that must come within the first 64 KiB of the answer."),
});

const grpc = block('{ service: "shop.Cart" }', {
  port: portOfProbe,
  service: someText('Which service is asked for. Default: "", the server as a whole.'),
});

const file = block(`{ path: "run/\${index}.beat", maxAge: "5s" }`, {
  path: someText(`\${index} is 0 for the first instance, 1 for the next.`).unwrap(),
  maxAge: duration("An older file is a heartbeat that has stopped.", 100).unwrap(),
});

const words = ["healthy", "ready", "live", "started"];
const link = block('{ says: "ready", within: "5s" }', {
  says: choice("Which of its words counts.", words).unwrap(),
  within: duration("An app that has said nothing for longer is unknown. Default 5s.", 100),
});

const notify = block('{ watchdog: "10s" }', {
  watchdog: duration(
    "The longest time between two WATCHDOG=1; liveness only. Told in WATCHDOG_USEC.",
    100,
  ).unwrap(),
});

const kinds = {
  http: z
    .union([path, http], `${pathPhrase}, or settings such as { path: "/health", body: "ok" }`)
    .describe("Path that answers 2xx or 3xx when the instance is well, or the whole question.")
    .optional(),
  tcp: z
    .union(
      [yes("Its port accepts a connection."), tcp],
      'true, or settings such as { expect: "OK" }',
    )
    .optional(),
  exec: list("Command that exits 0 when the instance is well.", '["./check.sh", "--quick"]', 1),
  grpc: z
    .union(
      [yes("The server is asked."), grpc],
      'true, or settings such as { service: "shop.Cart" }',
    )
    .describe("The gRPC health protocol, over HTTP/2 without TLS.")
    .optional(),
  file: file.describe("A file that the instance touches again and again.").optional(),
  link: z
    .union(
      [z.enum(words, "healthy"), link],
      `one of ${words.join(", ")}, or settings such as { says: "ready" }`,
    )
    .describe("What an app with createApp says of itself over its link.")
    .optional(),
  notify: z
    .union(
      [yes("READY=1, and for readiness neither RELOADING=1 nor STOPPING=1 after it."), notify],
      'true, or settings such as { watchdog: "10s" }',
    )
    .describe("What it says by sd_notify(3), on the socket in NOTIFY_SOCKET.")
    .optional(),
};

function schedule(failures: string): Readonly<Record<string, z.ZodType>> {
  return {
    interval: duration("From one check to the next. Default 1s.", 50),
    timeout: duration("How long an answer may take. Default 1s.", 10),
    failures: whole(failures, 1, 10_000),
    successes: whole("Good answers in a row that count. Default 1.", 1, 100),
    jitter: number("Share of an interval by which each may be shorter. Default 0.1.", 0, 1),
    delay: duration("From the start of the process to the first check. Default 0."),
  };
}

const usual = schedule("Bad answers in a row that count. Default 3.");

export const probes: z.ZodType = block('{ readiness: { http: "/ready" } }', {
  startup: block('{ http: "/started" }', {
    ...kinds,
    ...schedule("With interval the time a start may take. Default 30."),
  })
    .describe("Holds the others back until it was answered well; too late is a symptom.")
    .optional(),
  readiness: block('{ http: "/ready" }', { ...kinds, ...usual })
    .describe("Whether the instance gets traffic; nothing is restarted for it.")
    .optional(),
  liveness: block('{ http: "/live" }', {
    ...kinds,
    ...usual,
    slowAfter: duration("An answer later than this is a sign of slowness.", 1),
  })
    .describe("Failures are a symptom, which the loop and its guards decide about.")
    .optional(),
}).describe("Startup, readiness and liveness apart, in place of probe.");
