// The shape of a config, as zod checks it and as editors know it through JSON Schema.
import { z } from "zod";
import type { Config } from "./config.ts";
import { nameOfService, namePhrase, servicesMax } from "./forms.ts";
import { ahead } from "./schema-ahead.ts";
import { downtime } from "./schema-downtime.ts";
import { outside } from "./schema-external.ts";
import { gateway } from "./schema-gateway.ts";
import { gatewayKind } from "./schema-gateway-kind.ts";
import { allLogs, serviceLogs } from "./schema-logs.ts";
import { notify } from "./schema-notify.ts";
import { order } from "./schema-order.ts";
import { block, choice, duration, list, number, text, whole } from "./schema-parts.ts";
import { probes } from "./schema-probes.ts";
import { processSettings } from "./schema-process.ts";
import { series } from "./schema-series.ts";
import { sources } from "./schema-sources.ts";
import { allStop, serviceStop } from "./schema-stop.ts";
import { toxiproxy } from "./schema-toxiproxy.ts";

const portPhrase = "a port from 1 to 65535";
const port = z.int(portPhrase).min(1, portPhrase).max(65_535, portPhrase);

const mode = (about: string): z.ZodOptional<z.ZodType<string>> =>
  choice(about, ["observe", "suggest", "auto"]);

const probe = block('{ http: "/health" }', {
  http: text('a path such as "/health"', /^\/[!-~]*$/)
    .describe("Path that answers 2xx or 3xx when the instance is well.")
    .optional(),
  tcp: z.literal(true, "true").describe("Healthy when its port accepts a connection.").optional(),
  exec: list("Command that exits 0 when the instance is well.", '["./check.sh", "--quick"]', 1),
  interval: duration("From one check to the next. Default 1s.", 50),
  timeout: duration("How long an answer may take. Default 1s.", 10),
  failures: whole("Bad answers in a row that make a symptom. Default 3.", 1, 100),
  startup: duration("Not ready after so long is a symptom. Default 30s.", 100),
  slowAfter: duration("An answer later than this is a sign of slowness.", 1),
});

const giveUp = block('{ exits: 8, within: "10m" }', {
  exits: whole("So many unexpected exits …", 2, 50).unwrap(),
  within: duration("… within this time end the quick restarts: a person is told.", 1).unwrap(),
});

const backoff = block('{ first: "500ms", max: "30s" }', {
  first: duration("The wait before the second restart in a row. Default 500ms."),
  factor: number("How much longer each wait is. Default 2.", 1, 10),
  max: duration("The longest wait. Default 30s."),
});

const codesPhrase = "a list of exit codes, such as [0, 143]";
const codePhrase = "an exit code from 0 to 255";
const code = z.int(codePhrase).min(0, codePhrase).max(255, codePhrase);

const restart = block('{ when: "unexpected" }', {
  when: choice("Which exits are followed by a restart. Default unexpected.", [
    "unexpected",
    "always",
    "never",
  ]),
  expectedExits: z
    .array(code, codesPhrase)
    .max(256, codesPhrase)
    .describe("Exit codes that are no failure. Default 0.")
    .optional(),
  backoff: backoff.optional(),
  stable: duration("A run that was longer starts the back-off anew. Default 10s.", 1),
  loopExits: whole("Short runs in a row that are called a crash loop. Default 3.", 2, 50),
  giveUp: giveUp.optional(),
  retry: duration("What was given up is tried again after so long, for ever. Default 5m.", 1_000),
});

const limits = block('{ p95: "500ms", for: "5s" }', {
  p95: duration("95 of 100 answers must be faster. Needs a port.", 1),
  errors: number("Share of requests that may fail. Needs a port.", 0, 1),
  cpu: number("Share of one core; over 1 for several.", 0.001, 1_024),
  memoryMiB: number("Resident memory of one instance, in MiB.", 1, 1_048_576),
  errorLines: number("Lines of severity error in its log, a second.", 0.01, 1_000_000),
  unusualPerMonth: number(
    "False signs a month and series that are borne when one is not as it ever was. 0: none is looked for. Default 1.",
    0,
    1_000,
  ),
  ahead,
  for: duration("How long a limit must be passed. Default 3s."),
});

const healing = block('{ mode: "auto" }', {
  mode: mode("For every action that modes does not name."),
  modes: block('{ restart: "auto" }', {
    start: mode("Start what ended. Default auto."),
    restart: mode("Stop and start an instance. Default suggest."),
    rollback: mode("Put the last good config file back. Default suggest."),
    degrade: mode("Let the gateway answer for a sick service. Default suggest."),
    restore: mode("End a degrade. Default auto."),
  }).optional(),
  cooldown: block('{ first: "10s", max: "5m" }', {
    first: duration("Between two actions of a kind on one target. Default 10s."),
    max: duration("It doubles per failure up to this. Default 5m."),
  }).optional(),
  strikes: whole("Actions that did not help, before people are called. Default 3.", 1, 100),
  perHour: whole("Actions of a kind per diagnosis and hour. Default 3.", 1, 10_000),
  maxUnhealthy: number("Share of a service that an action may take down. Default 0.5.", 0, 1),
  verify: block('{ healthy: "10s", timeout: "1m" }', {
    healthy: duration("An action helped when the target is well so long. Default 10s."),
    timeout: duration("It did not help when that takes longer. Default 1m.", 1),
  }).optional(),
  approval: duration("How long a question to people stands. Default 15m.", 1),
  settle: duration("How long slowness waits for its dependencies to speak. Default 2s."),
});

const commandPhrase = 'a command such as "node web.js" or ["node", "web.js"]';
const command = z
  .union(
    [
      text(commandPhrase, /\S/),
      z.array(z.string("text"), commandPhrase).min(1, commandPhrase).max(1_000, commandPhrase),
    ],
    commandPhrase,
  )
  .describe("Arguments, or a line; a line with shell characters runs in /bin/sh.");

const envPhrase = "text, a number, true or false";
const env = z
  .record(
    z.string(),
    z.union([z.string(envPhrase), z.number(envPhrase), z.boolean(envPhrase)], envPhrase),
    'settings such as { LOG_LEVEL: "info" }',
  )
  .describe("Added to the environment of the daemon; wins over envFiles.");

const folderPhrase = 'a folder such as "apps/web"';

const service = block('{ command: "node web.js" }', {
  command,
  cwd: z
    .string(folderPhrase)
    .min(1, folderPhrase)
    .describe("Relative to the folder of the project.")
    .optional(),
  env: env.optional(),
  replicas: whole("How many instances run. Default 1.", 1, 64),
  port: port.describe("Where clients connect; the gateway balances over the replicas.").optional(),
  host: text('an address such as "0.0.0.0"', /^[\w.:-]{1,253}$/)
    .describe('Where the gateway opens the port. Default 127.0.0.1; "0.0.0.0" is everywhere.')
    .optional(),
  ...order,
  ...downtime,
  probe: probe.optional(),
  probes: probes.optional(),
  limits: limits.optional(),
  configFiles: list("Watched, kept in versions, put back when a new one breaks.", '["web.json"]'),
  restart: restart.optional(),
  stop: serviceStop.optional(),
  gateway,
  hold: duration("How long the gateway keeps a request when nothing is ready. Default 5s."),
  timeout: duration("How long an answer may take before the gateway gives up. Default 30s.", 1),
  degradable: z
    .boolean("true or false")
    .describe("Whether its dependents cope when the gateway answers 503 for it. Default false.")
    .optional(),
  healing: healing.optional(),
  capture: z
    .boolean("true or false")
    .describe(
      "Whether a Node.js process that hangs is asked for its stack, by SIGUSR1. Default true.",
    )
    .optional(),
  logs: serviceLogs,
  ...processSettings,
});

const tokenPhrase = "text of 16 to 512 characters without blanks";

export const configSchema: z.ZodType<Config> = block(
  '{ services: { web: { command: "node web.js" } } }',
  {
    $schema: z.string("text").describe("Address of this schema, for editors.").optional(),
    project: text(namePhrase, nameOfService)
      .describe("Default: the name of the folder.")
      .optional(),
    dashboard: block("{ port: 7700 }", {
      host: text('an address such as "127.0.0.1"', /^[\w.:-]{1,253}$/)
        .describe("Default 127.0.0.1. Another one needs a token.")
        .optional(),
      port: port.describe("Default 7700.").optional(),
      token: text(tokenPhrase, /^[!-~]{16,512}$/)
        .describe("Whoever has it may see and change everything.")
        .optional(),
    }).optional(),
    services: z
      .record(z.string(), service, 'services by name, such as { web: { command: "node web.js" } }')
      .meta({
        propertyNames: { pattern: nameOfService.source },
        minProperties: 1,
        maxProperties: servicesMax,
        description: "What is run and looked after.",
      }),
    healing: healing.describe("For all services; the healing of a service wins.").optional(),
    logs: allLogs,
    notify,
    ...outside,
    stop: allStop.optional(),
    series,
    sources,
    toxiproxy,
    gateway: gatewayKind,
  },
) as z.ZodType<Config>;

/** JSON Schema (draft 2020-12) of a config file, for editors. */
export function configJsonSchema(): object {
  return {
    title: "Config of Homeostat",
    ...z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }),
  };
}
