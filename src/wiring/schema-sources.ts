// The shape of what a config says of where figures come from: who sends, who is asked.
import { z } from "zod";
import { sizeForm } from "./forms.ts";
import { block, choice, duration, list, text, whole } from "./schema-parts.ts";

type Setting = z.ZodOptional<z.ZodType>;

const namesPhrase = 'names such as { "cart-api": "cart" }';
const names = (about: string, phrase: string): Setting =>
  z
    .record(z.string().max(200, phrase), z.string(phrase).max(200, phrase), phrase)
    .describe(about)
    .optional();

const labelPhrase = 'the name of a label, such as "job"';
const label = (about: string): Setting =>
  text(labelPhrase, /^[A-Za-z_][\w.-]{0,199}$/)
    .describe(about)
    .optional();

const size = text('an amount such as "4MiB"', sizeForm)
  .describe("The largest body, unpacked. Default 4MiB.")
  .optional();

const token = text(
  "text of 16 to 512 characters without blanks, or a variable of the environment",
  /^(?:[!-~]{16,512}|\$\{[A-Za-z_]\w*\})$/,
);

const foreign = {
  services: names("Their names for services, where they differ from ours.", namesPhrase),
  metrics: list('Names of metrics that are taken; "*" is any text.', '["http_*"]', 1),
  labels: names("Labels that a series must have.", 'labels such as { env: "prod" }'),
  series: whole("Series that are kept at most. Default 10000.", 1, 1_000_000),
  unmapped: choice('What fits no service. Default "count".', ["count", "keep"]),
};

const receiver = {
  host: text('an address such as "127.0.0.1"', /^[\w.:-]{1,253}$/)
    .describe("Default 127.0.0.1. Another one needs a token.")
    .optional(),
  token: token
    .describe("Must be shown as a bearer token. A variable of the environment is filled in.")
    .optional(),
  body: size,
};

const port = (about: string): z.ZodOptional<z.ZodType<number>> => whole(about, 1, 65_535);

const pull = {
  ...foreign,
  every: duration("Default 15s.", 100),
  timeout: duration("Default 10s, or `every` when that is shorter.", 10),
  token: text("text of 1 to 512 characters without blanks", /^[!-~]{1,512}$/)
    .describe("Shown as a bearer token. A variable of the environment is filled in.")
    .optional(),
  service: text("the name of a service", /^\S{1,200}$/)
    .describe("Whose all of it is. Default: what `label` says.")
    .optional(),
  label: label('The label that names the service. Default "job".'),
};

const addressPhrase = 'an address such as "http://127.0.0.1:9100/metrics", without a user in it';
const isAddress = (value: string): boolean => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password === "";
};
const address = z.string(addressPhrase).max(2_000, addressPhrase).refine(isAddress, addressPhrase);

const pulledPhrase =
  '{ scrape: "http://127.0.0.1:9100/metrics", service: "web" } or { url, queries }';
const pulled = block(pulledPhrase, {
  ...pull,
  scrape: address.describe("Shows metrics as text.").optional(),
  body: size,
  url: address.describe("A Prometheus that is asked.").optional(),
  queries: names(
    "PromQL by the name that the metric has here.",
    'queries such as { "http.p99": "histogram_quantile(0.99, …)" }',
  ),
});

const pulledMax = 100;
const pulledsPhrase = `a list of at most ${pulledMax}, such as [${pulledPhrase}]`;

const filesMax = 100;
const filesPhrase = `a list of at most ${filesMax}, such as [{ file: "/var/log/nginx/error.log", service: "web" }]`;
const logFile = block('{ file: "/var/log/nginx/error.log", service: "web" }', {
  file: text('a file such as "/var/log/nginx/error.log"', /^[^\0]{1,4096}$/),
  service: text("the name of a service", /^\S{1,200}$/),
});

export const sources: Setting = block("{ otlp: { port: 4318 } }", {
  otlp: block("{ port: 4318 }", {
    port: port("Default 4318."),
    attribute: label('The resource attribute that names the service. Default "service.name".'),
    window: duration("Spans and log lines are counted over so long. Default 1m.", 1_000),
    ...receiver,
    ...foreign,
  })
    .describe("Metrics, traces and logs by OTLP/HTTP.")
    .optional(),
  remoteWrite: block("{ port: 9201 }", {
    port: port("Of POST /api/v1/write.").unwrap(),
    label: label('The label that names the service. Default "job".'),
    ...receiver,
    ...foreign,
  })
    .describe("Samples that a Prometheus writes here.")
    .optional(),
  alertmanager: block("{ port: 9087 }", {
    port: port("Of POST /, the address of its webhook.").unwrap(),
    label: label('The label that names the service. Default "service".'),
    forget: duration("An alert that is not repeated for so long is over. Default 5h.", 1_000),
    services: foreign.services,
    labels: foreign.labels,
    ...receiver,
  })
    .describe("Alerts of an Alertmanager.")
    .optional(),
  prometheus: z
    .array(pulled, pulledsPhrase)
    .max(pulledMax, pulledsPhrase)
    .describe("Addresses that are scraped, and a Prometheus that is asked.")
    .optional(),
  logs: z
    .array(logFile, filesPhrase)
    .max(filesMax, filesPhrase)
    .describe("Logs that are not written by way of Homeostat: their lines are counted and learnt.")
    .optional(),
})
  .describe("Figures that others send or show.")
  .optional();
