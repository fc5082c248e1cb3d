// The shape of what a config says about Toxiproxy in the gateway.
import { z } from "zod";
import { toxicName, toxicProxiesMax } from "./forms.ts";
import { block, text, whole } from "./schema-parts.ts";

const address = /^(?:[\w.-]*|\[[\da-fA-F:.]+\]):\d{1,5}$/;

const proxy = block('{ listen: "127.0.0.1:26379", upstream: "127.0.0.1:6379" }', {
  listen: text('an address with a port, such as "127.0.0.1:26379"', address).describe(
    "Where clients connect; without a host on every address of the machine.",
  ),
  upstream: text('an address with a port, such as "127.0.0.1:6379"', address).describe(
    "Where the bytes go.",
  ),
  enabled: z.boolean("true or false").describe("Default true; false is down.").optional(),
});

export const toxiproxy: z.ZodType = block("{ port: 8474 }", {
  port: whole("Of the HTTP API. Default 8474.", 1, 65_535),
  host: text('an address such as "127.0.0.1"', /^[\w.:-]{1,253}$/)
    .describe("Default 127.0.0.1. The API knows no password.")
    .optional(),
  proxies: z
    .record(
      z.string(),
      proxy,
      'proxies by name, such as { redis: { listen: ":26379", upstream: "redis:6379" } }',
    )
    .meta({
      propertyNames: { pattern: toxicName.source },
      maxProperties: toxicProxiesMax,
      description: "There when the gateway starts; more can be made with the API.",
    })
    .optional(),
})
  .describe("The HTTP API of Toxiproxy in the gateway: proxies that slow, cut and break.")
  .optional();
