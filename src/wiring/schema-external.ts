// The shape of what a config says of what lies outside, and of drills.
import { z } from "zod";
import { placeForm } from "./forms.ts";
import { block, duration, list, text, whole } from "./schema-parts.ts";

type Setting = z.ZodOptional<z.ZodType>;

const placePhrase = 'a host and a port such as "db.example.com:5432"';
const isPlace = (value: string): boolean => {
  const port = Number(placeForm.exec(value)?.groups?.port);
  return port >= 1 && port <= 65_535;
};

const addressPhrase =
  'an address such as "https://api.example.com/health", without a user and a password in it';
const isAddress = (value: string): boolean => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return (
    url !== undefined && /^https?:$/.test(url.protocol) && `${url.username}${url.password}` === ""
  );
};
const address = (about: string): Setting =>
  z
    .string(addressPhrase)
    .max(2_000, addressPhrase)
    .refine(isAddress, addressPhrase)
    .describe(about)
    .optional();

const monitorPhrase = "the name of a monitor, of 1 to 150 characters";
const external = block('{ http: "https://api.example.com/health" }', {
  http: address("Address that answers 2xx or 3xx when it is well."),
  tcp: text(placePhrase, placeForm)
    .refine(isPlace, placePhrase)
    .describe("Well when it accepts a connection.")
    .optional(),
  exec: list("Command that exits 0 when it is well.", '["./check.sh", "--quick"]', 1),
  kuma: text(monitorPhrase, /^[^\r\n]{1,150}$/)
    .describe("The monitor of Uptime Kuma that watches it, by its name there.")
    .optional(),
  interval: duration("From one check to the next. Default 10s.", 50),
  timeout: duration("How long an answer may take. Default 5s.", 10),
  failures: whole("Bad answers in a row that make a symptom. Default 3.", 1, 100),
  successes: whole("Good answers in a row that end it. Default 2.", 1, 100),
  tellAfter: duration("Sick for so long, and a person is told. Default 1m.", 1),
});

const tokenPhrase = "text of 16 to 512 characters without blanks";

export const outside: {
  readonly external: Setting;
  readonly kuma: Setting;
  readonly heartbeat: Setting;
  readonly drills: Setting;
} = {
  external: z
    .record(z.string(), external, 'services by name, such as { db: { tcp: "10.0.0.5:5432" } }')
    .describe("Services that run elsewhere: watched, and never started or stopped.")
    .optional(),
  kuma: block('{ token: "…" }', {
    token: text(tokenPhrase, /^[!-~]{16,512}$/).describe(
      "What its webhook notification must show, as a bearer token or as ?token=.",
    ),
  })
    .describe("An Uptime Kuma that tells what it sees to POST /hooks/kuma.")
    .optional(),
  heartbeat: block('{ url: "https://kuma.example.com/api/push/…", every: "1m" }', {
    url: address("Pinged while the daemon lives. A secret.").unwrap(),
    every: duration("Default 1m.", 1_000),
  })
    .describe("Whoever no longer hears it knows that the daemon does not live.")
    .optional(),
  drills: block('{ within: "30s" }', {
    within: duration("What a drill breaks is to be healed within so long. Default 30s.", 1),
  })
    .describe("Goals of `homeostat drill`.")
    .optional(),
};
