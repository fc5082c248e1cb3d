// The shape of what a service says of its traffic: each part has a file of its own.
import type { z } from "zod";
import { balancing } from "./schema-gateway-balancing.ts";
import { features } from "./schema-gateway-features.ts";
import { limits } from "./schema-gateway-limits.ts";
import { secure } from "./schema-gateway-secure.ts";
import { transport } from "./schema-gateway-transport.ts";
import { block } from "./schema-parts.ts";

export const gateway: z.ZodOptional<z.ZodType> = block('{ protocol: "tcp" }', {
  ...transport,
  ...features,
  ...balancing,
  ...secure,
  ...limits,
})
  .describe("How the gateway carries its traffic.")
  .optional();
