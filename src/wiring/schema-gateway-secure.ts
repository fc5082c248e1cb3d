// The shape of what a service says of TLS and HTTP/2.
import { z } from "zod";
import { block, choice, list, text, whole } from "./schema-parts.ts";

const file = (about: string, example: string): z.ZodString =>
  text(`a path such as "${example}"`, /^[^\0]+$/).describe(about);

const certificate = block('{ cert: "tls/web.pem", key: "tls/web.key" }', {
  cert: file(
    "PEM, with the chain, relative to the folder of the project; read again when it changes.",
    "tls/web.pem",
  ),
  key: file("PEM of its key, without a passphrase.", "tls/web.key"),
  names: list(
    "Hosts it is for. Default: those in the certificate.",
    '["shop.example.com", "*.example.com"]',
    1,
  ),
});

const tlsPhrase = 'settings such as { cert: "tls/web.pem", key: "tls/web.key" }, or a list of them';

export const secure: z.ZodRawShape = {
  tls: z
    .union(
      [certificate, z.array(certificate, tlsPhrase).min(1, tlsPhrase).max(100, tlsPhrase)],
      tlsPhrase,
    )
    .describe(
      "Clients come over TLS; of a list the first is for whoever names no host, or another.",
    )
    .optional(),
  http2: z
    .boolean("true or false")
    .describe("Whether clients of TLS are offered HTTP/2. Default true.")
    .optional(),
  redirectFrom: whole("A second port, without TLS, whose clients are sent to https.", 1, 65_535),
  back: choice("What instances speak; h2c is HTTP/2 without TLS, as gRPC does. Default http1.", [
    "http1",
    "h2c",
  ]),
};
