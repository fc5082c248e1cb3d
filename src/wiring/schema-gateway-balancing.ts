// The shape of what a service says of sharing out its requests: balancing, ejection, repeats, releases.
import { z } from "zod";
import { nameOfService, servicesMax } from "./forms.ts";
import { block, duration, number, text, whole } from "./schema-parts.ts";

const fieldName: z.ZodString = text(
  'the name of a field, such as "x-user"',
  /^[!#$%&'*+.^_`|~\w-]{1,100}$/,
);
const cookieName: z.ZodString = text(
  'the name of a cookie, such as "hs-release"',
  /^[!#$%&'*+.^_`|~\w-]{1,100}$/,
);

const fieldOrCookie: z.ZodType = block('{ header: "x-user" }', {
  header: fieldName.describe("Name of a field of the request.").optional(),
  cookie: cookieName.describe("Name of a cookie.").optional(),
});

const balancePhrase =
  '"least", "round-robin" or settings such as { hash: "address" }, { hash: { cookie: "cart" } }';
const hashPhrase = '"address", "path" or settings such as { header: "x-user" }';

const hash = z.strictObject(
  {
    hash: z
      .union([z.enum(["address", "path"], hashPhrase), fieldOrCookie], hashPhrase)
      .describe("What decides: the same goes to the same instance, as long as that one is able."),
    load: number("An instance may have so many times the average in flight. Default 1.25.", 1, 100),
  },
  balancePhrase,
);

const successRate = block("{ factor: 1.9 }", {
  factor: number("Standard deviations below the mean. Default 1.9.", 0, 100),
  instances: whole("Instances that must have had so many requests. Default 5.", 2, 1_000),
  requests: whole("Since the last comparison. Default 100.", 1, 1_000_000),
});

const outlier = block("{ failures: 5 }", {
  failures: whole("Answers in a row that were 5xx, late or broken; 0 is off. Default 5.", 0, 1_000),
  successRate: successRate
    .describe("Compares instances with each other. Default: they are not compared.")
    .optional(),
  interval: duration("From one comparison to the next. Default 10s.", 100),
  first: duration("The first ejection; the nth in a row is n times as long. Default 10s.", 100),
  max: duration("The longest ejection. Default 5m.", 100),
  maxShare: number("Share of the instances that may be out at once. Default 0.5.", 0, 1),
})
  .describe("Leaves an instance out for what it answers. Default: for failed connections only.")
  .optional();

const zoneForm = /^[\w.-]{1,63}$/;
const zonePhrase = 'a name such as "a"';

const onPhrase = 'a list of "reset" and "hung"';
const methodPhrase = 'a list of 1 to 20 methods, such as ["POST"]';

const retry = block("{ budget: 0.2 }", {
  tries: whole("How often a request may reach an instance. Default 3.", 1, 10),
  budget: number("Repeats for each request of the last 10 s. Default 0.2.", 0, 10),
  minPerSecond: number("Repeats that each second has beside them. Default 10.", 0, 10_000),
  on: z
    .array(z.enum(["reset", "hung"], onPhrase), onPhrase)
    .max(2, onPhrase)
    .describe("After a connection that ended before an answer, and from what hangs. Default both.")
    .optional(),
  methods: z
    .array(text('a method such as "POST"', /^[A-Z]{1,20}$/), methodPhrase)
    .min(1, methodPhrase)
    .max(20, methodPhrase)
    .describe("May be repeated beside GET, HEAD, OPTIONS, TRACE, PUT and DELETE.")
    .optional(),
  idempotencyKey: z
    .boolean("true or false")
    .describe("Whether any request with the field Idempotency-Key may be repeated. Default false.")
    .optional(),
})
  .describe("Which requests go to another instance when one dies, and how many.")
  .optional();

const weightPhrase = "a whole number from 0 to 1000";
const weightsPhrase = 'services with weights, such as { web: 90, "web-next": 10 }';

const split = block('{ weights: { web: 90, "web-next": 10 } }', {
  weights: z
    .record(z.string(), z.int(weightPhrase).min(0, weightPhrase).max(1_000, weightPhrase), {
      error: weightsPhrase,
    })
    .meta({
      propertyNames: { pattern: nameOfService.source },
      maxProperties: servicesMax,
      description: "Services that share this port; the service itself is one of them.",
    }),
  sticky: fieldOrCookie
    .describe("Keeps a client at its service: by a cookie that the gateway sets, or by a field.")
    .optional(),
  override: block('{ header: "x-release" }', { header: fieldName })
    .describe("A request whose field names one of the services goes there, whatever its weight.")
    .optional(),
})
  .describe("Shares the port with other services.")
  .optional();

type Setting = z.ZodOptional<z.ZodType>;

export const balancing: {
  readonly balance: Setting;
  readonly slowStart: Setting;
  readonly outlier: Setting;
  readonly retry: Setting;
  readonly split: Setting;
  readonly zone: Setting;
  readonly zones: Setting;
} = {
  balance: z
    .union([z.enum(["least", "round-robin"], balancePhrase), hash], balancePhrase)
    .describe("Which instance gets a request. Default least: the one with the fewest in flight.")
    .optional(),
  slowStart: duration("The share of what has just become ready grows for so long. Default 0."),
  outlier,
  retry,
  split,
  zone: text(zonePhrase, zoneForm)
    .describe("Instances of this zone are asked first, while enough of them are able.")
    .optional(),
  zones: z
    .array(text(zonePhrase, zoneForm), 'a list of 1 to 64 names, such as ["a", "b"]')
    .min(1, 'a list of 1 to 64 names, such as ["a", "b"]')
    .max(64, 'a list of 1 to 64 names, such as ["a", "b"]')
    .describe("Of the instances in their order, again from the first when there are more.")
    .optional(),
};
