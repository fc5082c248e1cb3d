// The shape of a config, as zod checks it and as editors know it through JSON Schema.
import { z } from "zod";
import { parseDuration } from "../kernel/duration.ts";
import type { Config } from "./config.ts";
import { either, span } from "./words.ts";

/**
 * Every duration ends here. A timer of Node holds 24.8 days and fires at once beyond; 7 days leave
 * room for the sums that are made of them.
 */
export const durationMaxMs: number = 7 * 86_400_000;

// Each setting has one phrase for what belongs there, whichever of its rules is broken: zod's own
// messages are never shown.

function duration(about: string, fromMs = 0): z.ZodOptional<z.ZodType<number | string>> {
  const phrase = `a duration such as "2s", "1m30s" or 500 (in ms), from ${span(fromMs)} to ${span(durationMaxMs)}`;
  const fits = (value: number | string): boolean => {
    const ms = parseDuration(value);
    return ms !== undefined && ms >= fromMs && ms <= durationMaxMs;
  };
  const text = z.string(phrase).regex(/^(\d+(\.\d+)?(ms|s|m|h|d))+$/, phrase);
  const ms = z.number(phrase).min(fromMs, phrase).max(durationMaxMs, phrase);
  return z.union([text, ms], phrase).refine(fits, phrase).describe(about).optional();
}

function whole(about: string, min: number, max: number): z.ZodOptional<z.ZodType<number>> {
  const phrase = `a whole number from ${min} to ${max}`;
  return z.int(phrase).min(min, phrase).max(max, phrase).describe(about).optional();
}

function number(about: string, min: number, max: number): z.ZodOptional<z.ZodType<number>> {
  const phrase = `a number from ${min} to ${max}`;
  return z.number(phrase).min(min, phrase).max(max, phrase).describe(about).optional();
}

function text(phrase: string, pattern: RegExp): z.ZodString {
  return z.string(phrase).regex(pattern, phrase);
}

function list(about: string, example: string, min = 0): z.ZodOptional<z.ZodType<string[]>> {
  const max = 100;
  const phrase = `a list of ${min} to ${max} texts, such as ${example}`;
  return z
    .array(z.string("text"), phrase)
    .min(min, phrase)
    .max(max, phrase)
    .describe(about)
    .optional();
}

function choice(about: string, words: readonly string[]): z.ZodOptional<z.ZodType<string>> {
  return z
    .enum(words, either(words.map((word) => `"${word}"`)))
    .describe(about)
    .optional();
}

/** The same word says that a block is wanted and what one looks like. */
function block<T extends z.ZodRawShape>(example: string, shape: T): z.ZodObject<T, z.core.$strict> {
  return z.strictObject(shape, `settings such as ${example}`);
}

const portPhrase = "a port from 1 to 65535";
const port = z.int(portPhrase).min(1, portPhrase).max(65_535, portPhrase);

const namePattern = "^[a-z][a-z0-9-]{0,38}$";
export const nameOfService: RegExp = new RegExp(namePattern);
export const namePhrase = 'a name of small letters, digits and "-", such as "web", at most 39 long';
export const servicesMax = 100;

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
  within: duration("… within this time end the restarts: a person is told.", 1).unwrap(),
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
});

const limits = block('{ p95: "500ms", for: "5s" }', {
  p95: duration("95 of 100 answers must be faster. Needs a port.", 1),
  errors: number("Share of requests that may fail. Needs a port.", 0, 1),
  cpu: number("Share of one core; over 1 for several.", 0.001, 1_024),
  memoryMiB: number("Resident memory of one instance, in MiB.", 1, 1_048_576),
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
  .describe("Added to the environment of the daemon.");

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
  dependsOn: list("Services that must be ready before this one starts.", '["db"]'),
  probe: probe.optional(),
  limits: limits.optional(),
  configFiles: list("Watched, kept in versions, put back when a new one breaks.", '["web.json"]'),
  restart: restart.optional(),
  stop: block('{ signal: "SIGTERM", wait: "10s" }', {
    signal: choice("Default SIGTERM.", ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR2"]),
    wait: duration("From the signal to SIGKILL. Default 10s."),
  }).optional(),
  hold: duration("How long the gateway keeps a request when nothing is ready. Default 5s."),
  timeout: duration("How long an answer may take before the gateway gives up. Default 30s.", 1),
  degradable: z
    .boolean("true or false")
    .describe("Whether its dependents cope when the gateway answers 503 for it. Default false.")
    .optional(),
  healing: healing.optional(),
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
        propertyNames: { pattern: namePattern },
        minProperties: 1,
        maxProperties: servicesMax,
        description: "What is run and looked after.",
      }),
    healing: healing.describe("For all services; the healing of a service wins.").optional(),
  },
) as z.ZodType<Config>;

/** JSON Schema (draft 2020-12) of a config file, for editors. */
export function configJsonSchema(): object {
  return {
    title: "Config of Homeostat",
    ...z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }),
  };
}
