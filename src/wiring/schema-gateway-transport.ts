// The shape of what a service says of connections: plain TCP, Unix sockets, the PROXY protocol.
import type { z } from "zod";
import { choice, list, text } from "./schema-parts.ts";

const file = (about: string): z.ZodOptional<z.ZodType<string>> =>
  text('a path such as "run/web.sock"', /^[^\0]+$/)
    .describe(about)
    .optional();

export const transport: z.ZodRawShape = {
  protocol: choice("tcp: bytes go both ways unread. Default http.", ["http", "tcp"]),
  path: file("A Unix socket for clients beside the port, relative to the folder of the project."),
  instancePath: file(
    `Where an instance listens in place of its port, such as "run/web-\${index}.sock".`,
  ),
  acceptProxy: list(
    'Networks of proxies that tell who their client is in the PROXY protocol; "unix" is the Unix socket.',
    '["127.0.0.1", "10.0.0.0/8"]',
    1,
  ),
  trustForwarded: list(
    "Networks of proxies whose X-Forwarded-* and Forwarded are believed. Default: this machine, private networks and Unix sockets.",
    '["10.0.0.0/8"]',
  ),
  sendProxy: choice("Tell instances of tcp who the client is.", ["v1", "v2"]),
};
