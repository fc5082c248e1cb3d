// The shape of a config, as zod checks it and as editors know it through JSON Schema.
import { z } from "zod";
import { parseDuration } from "../kernel/duration.ts";
import type { Config } from "./config.ts";

const duration = z
  .union([z.number(), z.string()])
  .refine((value) => parseDuration(value) !== undefined, {
    message: 'a duration such as 500, "500ms", "2s" or "1m30s"',
  })
  .meta({ description: 'Milliseconds, or text such as "500ms", "2s", "1m30s".' });

const port = z.int().min(1).max(65_535);
const share = z.number().min(0).max(1);
const mode = z.enum(["observe", "suggest", "auto"]);
const name = z.string().regex(/^[a-z][a-z0-9-]{0,38}$/, {
  message: 'a name of small letters, digits and "-", such as "web" or "image-resizer"',
});

const timing = { interval: duration.optional(), timeout: duration.optional() };
const judging = { failures: z.int().min(1).max(100).optional(), startup: duration.optional() };

const probe = z
  .strictObject({
    http: z.string().startsWith("/").optional().describe("Path that answers 2xx or 3xx when well."),
    tcp: z.literal(true).optional().describe("Healthy when its port accepts a connection."),
    exec: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("Command that exits 0 when the instance is well."),
    slowAfter: duration.optional().describe("An answer later than this is a sign of slowness."),
    ...timing,
    ...judging,
  })
  .refine((value) => [value.http, value.tcp, value.exec].filter(Boolean).length === 1, {
    message: "exactly one of http, tcp and exec",
  });

const restart = z.strictObject({
  when: z.enum(["unexpected", "always", "never"]).optional(),
  expectedExits: z.array(z.int().min(0).max(255)).optional(),
  backoff: z
    .strictObject({
      first: duration.optional(),
      factor: z.number().min(1).max(10).optional(),
      max: duration.optional(),
    })
    .optional(),
  stable: duration.optional(),
  loopExits: z.int().min(2).max(50).optional(),
  giveUp: z
    .strictObject({ exits: z.int().min(2).max(50), within: duration })
    .optional()
    .describe("So many unexpected exits within this time end the restarts: a person is told."),
});

const limits = z.strictObject({
  p95: duration.optional(),
  errors: share.optional(),
  cpu: z.number().positive().optional().describe("Share of one core; over 1 for several."),
  memoryMiB: z.number().positive().optional(),
  for: duration.optional(),
});

const actionModes = z.strictObject({
  start: mode.optional(),
  restart: mode.optional(),
  rollback: mode.optional(),
  degrade: mode.optional(),
  restore: mode.optional(),
});

const healing = z.strictObject({
  mode: mode.optional().describe("For every action that `modes` does not name."),
  modes: actionModes.optional(),
  cooldown: z.strictObject({ first: duration.optional(), max: duration.optional() }).optional(),
  strikes: z.int().min(1).max(100).optional(),
  perHour: z.int().min(1).max(10_000).optional(),
  maxUnhealthy: share.optional(),
  verify: z.strictObject({ healthy: duration.optional(), timeout: duration.optional() }).optional(),
  approval: duration.optional(),
  settle: duration.optional(),
});

const signals = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR2"] as const;

const service = z.strictObject({
  command: z
    .union([z.string().min(1), z.array(z.string()).min(1)])
    .describe("Arguments, or a line; a line with shell characters runs in /bin/sh."),
  cwd: z.string().optional(),
  env: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  replicas: z.int().min(1).max(64).optional(),
  port: port.optional().describe("Where clients connect; the gateway balances over the replicas."),
  dependsOn: z.array(z.string()).optional(),
  probe: probe.optional(),
  limits: limits.optional(),
  configFiles: z.array(z.string().min(1)).optional(),
  restart: restart.optional(),
  stop: z
    .strictObject({ signal: z.enum(signals).optional(), wait: duration.optional() })
    .optional(),
  hold: duration.optional().describe("How long the gateway keeps a request when nothing is ready."),
  timeout: duration.optional().describe("How long an answer may take before the gateway gives up."),
  degradable: z
    .boolean()
    .optional()
    .describe("Whether its dependents cope when the gateway answers 503 for it."),
  healing: healing.optional(),
});

export const configSchema: z.ZodType<Config> = z.strictObject({
  project: name.optional(),
  dashboard: z
    .strictObject({
      host: z.string().optional(),
      port: port.optional(),
      token: z.string().min(16).optional(),
    })
    .optional(),
  services: z
    .record(name, service)
    .refine((value) => Object.keys(value).length > 0, { message: "at least one service" }),
  healing: healing.optional(),
}) as z.ZodType<Config>;

/** JSON Schema (draft 2020-12) of a config file, for editors. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" });
}
