// The shape of what a config says about the program that carries the traffic.
import type { z } from "zod";
import { block, choice, text } from "./schema-parts.ts";

export const gatewayKind: z.ZodType = block('{ kind: "haproxy" }', {
  kind: choice('Who carries the traffic. Default own; "haproxy" drives a real HAProxy.', [
    "own",
    "haproxy",
  ]),
  binary: text('a path such as "/usr/sbin/haproxy"', /^\/[!-~]+$/)
    .describe("Path of HAProxy. Default: where Debian has it, or whatever PATH finds.")
    .optional(),
})
  .describe("The program that carries the traffic of all services.")
  .optional();
