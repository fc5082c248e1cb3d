// The shape of what a service says of what its clients may do.
import type { z } from "zod";
import { block, duration, whole } from "./schema-parts.ts";

export const limits: z.ZodRawShape = {
  limits: block('{ bodyBytes: 1000000, head: "5s" }', {
    headBytes: whole("Of the head of a request; 431 beyond. Default 32768.", 1_024, 1_048_576),
    bodyBytes: whole("Of its body; 413 beyond. Default 64 GiB.", 0, 2 ** 50),
    connections: whole("Clients at once; more wait. Default 20000.", 1, 1_000_000),
    requestsPerConnection: whole("Then it is closed. Default 100000.", 1, 1_000_000_000),
    head: duration("For a head, from its first byte on; 408 beyond. Default 15s.", 100),
    bodyIdle: duration("Between two pieces of a body; 408 beyond. Default 60s.", 100),
    request: duration("For all of a request. Default 1h.", 100),
    keepAlive: duration("Of a connection without a request. Default 65s.", 100),
  })
    .describe("What clients may do.")
    .optional(),
};
