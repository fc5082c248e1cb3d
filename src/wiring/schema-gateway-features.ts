// The shape of what a service says of its requests: shedding, faults, shadows, an access log.
import { z } from "zod";
import { priorities } from "../protocol/gateway-features.ts";
import { nameOfService, namePhrase } from "./forms.ts";
import { block, choice, duration, number, text, whole } from "./schema-parts.ts";

const path = (): z.ZodString => text('a path such as "/cart"', /^\/[!-~]{0,1000}$/);
const fieldName = (): z.ZodString =>
  text('the name of a field, such as "x-priority"', /^[!#$%&'*+.^_`|~\w-]{1,100}$/);

const listMax = 100;
const pathsPhrase = `a list of 1 to ${listMax}, such as [{ prefix: "/checkout", priority: "high" }]`;

const prefixed = block('{ prefix: "/checkout", priority: "high" }', {
  prefix: path().describe("The path, and what lies under it."),
  priority: choice("Its priority.", priorities).unwrap(),
});

const shed = block('{ priority: { header: "x-priority" } }', {
  priority: block('{ header: "x-priority" }', {
    default: choice("Of a request of which nothing else is said. Default normal.", priorities),
    header: fieldName()
      .describe("A field that says critical, high, normal or low; believed from everybody.")
      .optional(),
    paths: z
      .array(prefixed, pathsPhrase)
      .min(1, pathsPhrase)
      .max(listMax, pathsPhrase)
      .describe("The first that fits.")
      .optional(),
  })
    .describe("Which requests are turned away last. Default: all are normal.")
    .optional(),
  limit: block("{ initial: 50 }", {
    initial: whole("Before anything is known. Default 50.", 1, 100_000),
    min: whole("Default 1.", 1, 100_000),
    max: whole("Default 10,000.", 1, 100_000),
  })
    .describe("Requests at once for each instance; it is learnt between these.")
    .optional(),
  retryAfter: duration("What who is turned away is asked to wait. Default 2s.", 1_000),
})
  .describe("Requests beyond what instances can do are answered 503, low priority first.")
  .optional();

const abortPhrase = 'a status from 400 to 599, or "cut"';
const faultsPhrase = `a list of 1 to ${listMax} faults, such as [{ share: 0.05, delay: "300ms" }]`;

const fault = block('{ share: 0.05, delay: "300ms" }', {
  match: block('{ path: "/cart" }', {
    path: path().describe("The path, and what lies under it.").optional(),
    method: text('a method such as "GET"', /^[A-Z]{1,20}$/)
      .describe("Such as GET.")
      .optional(),
    header: z
      .record(fieldName(), z.string("text"), 'fields such as { "x-user": "test" }')
      .describe("Fields with exactly these values.")
      .optional(),
    client: text('an address or a network such as "10.0.0.0/8"', /^[\da-fA-F.:]+(?:\/\d{1,3})?$/)
      .describe("Address or network of the client.")
      .optional(),
  })
    .describe("Which requests; all of it must fit. Default: every request.")
    .optional(),
  share: number("Of the requests that match, 0 to 1.", 0, 1).unwrap(),
  delay: duration("They wait so long before an instance is asked."),
  jitter: duration("The delay is up to so much shorter or longer, by chance."),
  abort: z
    .union([z.int(abortPhrase).min(400, abortPhrase).max(599, abortPhrase), z.literal("cut")], {
      error: abortPhrase,
    })
    .describe("Answered with this status, or cut: the connection ends without an answer.")
    .optional(),
  for: duration("From the start of the daemon on. Default 10m.", 1_000),
});

const targetPhrase = `the name of a service or a port; ${namePhrase}`;

const shadow = block('{ to: "web-next", share: 0.1 }', {
  to: z
    .union([z.string().regex(nameOfService), z.int().min(1).max(65_535)], targetPhrase)
    .describe("A service with a port, or a port of this machine."),
  share: number("Of GET, HEAD and OPTIONS without a body. Default 0.1.", 0, 1),
  atOnce: whole("Copies on their way at once; more are not sent. Default 64.", 1, 10_000),
  timeout: duration("An answer that takes longer is given up. Default 5s.", 1),
})
  .describe("Copies of safe requests go there too; the answers are thrown away.")
  .optional();

const accessLog = block('{ sample: 0.01, slow: "1s" }', {
  sample: number("Share of all requests that is written. Default 0.01.", 0, 1),
  slow: duration("What takes longer is always written. Default 1s.", 1),
  errors: z
    .boolean("true or false")
    .describe("Whether what fails is always written. Default true.")
    .optional(),
  file: text('a path such as "logs/access.log"', /^[^\0]{1,1000}$/)
    .describe("Relative to the folder of the project. Default: among the logs, which are rotated.")
    .optional(),
  query: z
    .boolean("true or false")
    .describe('Whether the part of a path after "?" is written. Default false.')
    .optional(),
})
  .describe("One line of JSON for each request that is written.")
  .optional();

type Setting = z.ZodOptional<z.ZodType>;

export const features: {
  readonly shed: Setting;
  readonly faults: Setting;
  readonly shadow: Setting;
  readonly accessLog: Setting;
} = {
  shed,
  faults: z
    .array(fault, faultsPhrase)
    .min(1, faultsPhrase)
    .max(listMax, faultsPhrase)
    .describe("Faults on purpose; the first that fits.")
    .optional(),
  shadow,
  accessLog,
};
