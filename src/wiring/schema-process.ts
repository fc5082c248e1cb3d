// The shape of what a service says about its process: env files, user, rights and limits.
import { z } from "zod";
import { amount, bytesOf } from "./amount.ts";
import { block, list, number, text, whole } from "./schema-parts.ts";

const accountPhrase = 'a name such as "www-data", or a number from 0 to 4294967294';

function account(about: string): z.ZodOptional<z.ZodType<string | number>> {
  const name = text(accountPhrase, /^[A-Za-z0-9_][\w.@-]{0,254}\$?$/);
  const id = z.int(accountPhrase).min(0, accountPhrase).max(4_294_967_294, accountPhrase);
  return z.union([name, id], accountPhrase).describe(about).optional();
}

function limit(about: string, max: number): z.ZodOptional<z.ZodType<number | "unlimited">> {
  const phrase = `a whole number from 0 to ${max}, or "unlimited"`;
  const count = z.int(phrase).min(0, phrase).max(max, phrase);
  return z
    .union([count, z.literal("unlimited", phrase)], phrase)
    .describe(about)
    .optional();
}

const mebibytesMax = 16_777_216;

const ulimit = block("{ files: 4096, coreMiB: 0 }", {
  files: limit("Open files.", 1_073_741_816),
  processes: limit("Processes and threads of its user, all together.", 4_194_304),
  coreMiB: limit("A core dump; 0 for none.", mebibytesMax),
  stackMiB: limit("The stack of its first thread.", mebibytesMax),
  virtualMiB: limit("Address space. Node reserves far more than it uses.", mebibytesMax),
  lockedMiB: limit("Memory that may not be swapped.", mebibytesMax),
  fileMiB: limit("A file that it writes, its log too.", mebibytesMax),
  cpuSeconds: limit("CPU time of each of its processes, in seconds.", 2_147_483_647),
});

const memoryPhrase = 'an amount such as "512MiB" or "2GiB", from 4MiB to 1048576GiB';
const resources = block('{ memoryMax: "512MiB", cpuMax: 0.5 }', {
  memoryMax: text(memoryPhrase, amount)
    .refine((value) => (bytesOf(value) ?? 0) >= 4_194_304, memoryPhrase)
    .describe("Memory of an instance with its children; beyond it the kernel ends one of them.")
    .optional(),
  cpuMax: number("Cores that an instance may use; over 1 for several.", 0.01, 1_024),
  pidsMax: whole("Processes and threads of an instance, with its children.", 1, 4_194_304),
}).describe("Held by the kernel, where the machine gives this user a cgroup.");

type Name = "envFiles" | "user" | "group" | "umask" | "nice" | "oomScore" | "ulimit" | "resources";

export const processSettings: Readonly<Record<Name, z.ZodType>> = {
  envFiles: list(
    "Files of NAME=value lines, read at each start; one that may be absent ends in ?.",
    '[".env", ".env.local?"]',
  ),
  user: account("As whom it runs; needs root."),
  group: account("Default: the group of the user; needs root."),
  umask: text('octal digits in quotes, such as "027"', /^0?[0-7]{3}$/)
    .describe("Rights that its new files do not get. Default: that of the daemon.")
    .optional(),
  nice: whole(
    "From -20, served first, to 19, served last. Below that of the daemon: root.",
    -20,
    19,
  ),
  oomScore: whole(
    "From -1000, never ended when memory is out, to 1000, ended first.",
    -1_000,
    1_000,
  ),
  ulimit: ulimit.optional(),
  resources: resources.optional(),
};
