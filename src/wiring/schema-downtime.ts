// The shape of what a service says about spares and held sockets.
import { z } from "zod";
import { block, text, whole } from "./schema-parts.ts";

export const socketsMax = 16;

const socketsPhrase = `a list of 1 to ${socketsMax} sockets, such as [{ port: 8080 }]`;

const socket = block("{ port: 8080 }", {
  name: text('a name such as "http", of letters, digits, "-", "_" and "."', /^[\w.-]{1,255}$/)
    .describe("As the app finds it, in LISTEN_FDNAMES. Default: the name of the service.")
    .optional(),
  port: whole("Where clients connect.", 1, 65_535),
  host: text('an IP address such as "127.0.0.1" or "::"', /^[\d.]+$|^[\da-fA-F:.]+$/)
    .describe("Default 127.0.0.1.")
    .optional(),
  path: text('a path such as "run/web.sock"', /^[^\0]+$/)
    .describe("Of a Unix socket, relative to the folder of the project.")
    .optional(),
});

export const downtime: {
  readonly spares: z.ZodOptional<z.ZodType>;
  readonly sockets: z.ZodOptional<z.ZodType>;
} = {
  spares: whole(
    "Instances beside the replicas, ready and without traffic until one of these fails. Needs a port. Default 0.",
    0,
    8,
  ),
  sockets: z
    .array(socket, socketsPhrase)
    .min(1, socketsPhrase)
    .max(socketsMax, socketsPhrase)
    .describe(
      "Held by Homeostat while instances come and go, and passed to each, from descriptor 3 on (LISTEN_FDS).",
    )
    .optional(),
};
