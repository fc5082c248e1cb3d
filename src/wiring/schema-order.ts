// The shape of what a service says about order: dependencies, jobs, groups and profiles.
import { z } from "zod";
import { readCron } from "../supervisor/cron.ts";
import { isZone } from "../supervisor/zone.ts";
import { block, choice, duration, text, whole } from "./schema-parts.ts";

const wordPattern = /^[a-z][a-z0-9-]{0,38}$/;
const wordPhrase = 'a name of small letters, digits and "-", such as "backend", at most 39 long';

const conditionPhrase = '"ready", "started", "completed" or { logged: "a piece of a line" }';
const piecePhrase = "a piece of a line, of 1 to 500 characters";
const condition = z.union(
  [
    z.enum(["ready", "started", "completed"], conditionPhrase),
    z.strictObject(
      { logged: z.string(piecePhrase).regex(/^[^\r\n]{1,500}$/, piecePhrase) },
      conditionPhrase,
    ),
  ],
  conditionPhrase,
);

const namesMax = 100;
const dependsPhrase = `a list of 0 to ${namesMax} texts, such as ["db"], or conditions such as { db: "ready" }`;
const dependsOn = z
  .union(
    [
      z.array(z.string("text"), dependsPhrase).max(namesMax, dependsPhrase),
      z.record(z.string(), condition, dependsPhrase),
    ],
    dependsPhrase,
  )
  .describe(
    "Services that must be ready before this one starts; or, by name, ready, started, completed or { logged: TEXT }.",
  )
  .optional();

const schedule = z
  .string('a schedule such as "*/5 * * * *"')
  .superRefine((value, context) => {
    const read = readCron(value);
    if ("expected" in read) context.addIssue({ code: "custom", message: read.expected });
  })
  .describe(
    'Cron: minute, hour, day of month, month, weekday; or "@hourly", "@daily", "@weekly", "@monthly", "@yearly".',
  );

const zonePhrase = 'a time zone such as "Europe/Warsaw" or "UTC"';

const job = block('{ schedule: "*/5 * * * *" }', {
  schedule: schedule.optional(),
  timezone: z
    .string(zonePhrase)
    .refine(isZone, zonePhrase)
    .describe("Of the schedule. Default: that of this machine.")
    .optional(),
  overlap: choice("When it is due and the round before is not over. Default skip.", [
    "skip",
    "queue",
    "replace",
  ]),
  catchUp: z
    .boolean("true or false")
    .describe(
      "Moments that passed while the machine slept or no daemon ran are made up for by one run. Default true.",
    )
    .optional(),
  jitter: duration("Each scheduled run begins by chance up to so much later. Default 0."),
  onStart: z
    .boolean("true or false")
    .describe("Whether it runs when the daemon begins. Default: when it has no schedule.")
    .optional(),
  timeLimit: duration("A run that takes longer is ended and has failed. Default 1d.", 1),
  retries: whole(
    "Failed runs that are tried again, with the back-off of restart. Default 2.",
    0,
    49,
  ),
}).describe("It ends when its work is done: exit code 0 is success, and it is not kept running.");

const profilesPhrase = `a list of 1 to ${namesMax} names, such as ["dev"]`;

type Setting = z.ZodOptional<z.ZodType>;

export const order: {
  readonly dependsOn: Setting;
  readonly job: Setting;
  readonly partOf: Setting;
  readonly profiles: Setting;
} = {
  dependsOn,
  job: job.optional(),
  partOf: text(wordPhrase, wordPattern)
    .describe("A name that start, stop and restart take for all services that have it.")
    .optional(),
  profiles: z
    .array(text(wordPhrase, wordPattern), profilesPhrase)
    .min(1, profilesPhrase)
    .max(namesMax, profilesPhrase)
    .describe("It runs only when one of these is chosen by --profile. Default: always.")
    .optional(),
};
