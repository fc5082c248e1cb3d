// The shape of what a config says about logs.
import { z } from "zod";
import { logBytesOf, sizeForm, syslogForm } from "./forms.ts";
import { block, choice, duration, text, whole } from "./schema-parts.ts";

const sizePhrase = 'an amount such as "50MB" or "64MiB", from 1KB to 1000000GB';
function size(about: string): z.ZodOptional<z.ZodType<string>> {
  const fits = (value: string): boolean => {
    const bytes = logBytesOf(value) ?? 0;
    return bytes >= 1_000 && bytes <= 1e15;
  };
  return text(sizePhrase, sizeForm).refine(fits, sizePhrase).describe(about).optional();
}

const templates = block('{ learn: "1h", from: "warn" }', {
  on: z.boolean("true or false").describe("Default true.").optional(),
  rate: whole(
    "Lines a second of a service that are looked at; more are counted only. Default 2000.",
    1,
    100_000,
  ),
  learn: duration("A kind of line is new only after so long of listening. Default 1h.", 1_000),
  from: choice('From which severity on a new kind of line is told. Default "warn".', [
    "error",
    "warn",
    "any",
  ]),
  calm: duration("So long after a start new kinds of lines are expected. Default 30s."),
})
  .describe("The kinds of lines that a log has are learnt: a new one is told.")
  .optional();

const settings = {
  size: size("A log is rotated when so much of it is in no archive. Default 50MB."),
  age: duration("A log is rotated when its oldest line is so old. Default 7d.", 60_000),
  keep: whole("Archives of each instance. Default 10.", 0, 10_000),
  rate: whole(
    "Lines a second of an instance that are forwarded; more are cut and counted. Default 1000.",
    1,
    1_000_000,
  ),
  templates,
};

const syslogPhrase =
  'an address such as "udp://logs.example.com:514", "tcp://host:601" or "tls://host:6514"';
const isAddress = (value: string): boolean => {
  const port = syslogForm.exec(value)?.groups?.port;
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
};

const stdoutPhrase = 'true or "json"';
const forwardPhrase = 'a list of settings such as [{ syslog: "udp://127.0.0.1:514" }]';
const forward = z
  .array(
    block('{ syslog: "udp://127.0.0.1:514" } or { stdout: true }', {
      syslog: text(syslogPhrase, syslogForm)
        .refine(isAddress, syslogPhrase)
        .describe("A server that takes RFC 5424.")
        .optional(),
      ca: z
        .string('a file such as "ca.pem"')
        .min(1, 'a file such as "ca.pem"')
        .describe("PEM of the authority that its certificate is verified by.")
        .optional(),
      stdout: z
        .union([z.literal(true), z.literal("json")], stdoutPhrase)
        .describe("The output of the daemon, as text or as one object a line.")
        .optional(),
    }),
    forwardPhrase,
  )
  .max(8, forwardPhrase)
  .describe("Where the lines of all services go to, beside their files.")
  .optional();

export const serviceLogs: z.ZodType = block('{ size: "50MB", keep: 10 }', {
  ...settings,
  total: size("Archives of all instances of the service together."),
  forward: z.boolean("true or false").describe("Default true.").optional(),
}).optional();

export const allLogs: z.ZodType = block('{ size: "50MB", keep: 10, total: "1GB" }', {
  ...settings,
  total: size("All archives of the project together. Default 1GB."),
  forward,
})
  .describe("For all services; the logs of a service win.")
  .optional();
