// The table of stable error codes, each with its family, meaning and hint.
import { appCodes } from "./error-codes-app.ts";

export type Family =
  | "Refused"
  | "TimedOut"
  | "Cancelled"
  | "Misconfigured"
  | "Protocol"
  | "ActionFailed"
  | "Broken";

export interface Row {
  readonly family: Family;
  readonly retryable: boolean;
  readonly meaning: string;
  readonly hint: string;
}

const daemonCodes = {
  CONFIG_MISSING: {
    family: "Misconfigured",
    retryable: false,
    meaning: "no config file and no package.json with a start script was found",
    hint: "write homeostat.config.ts or homeostat.yaml, or pass --config FILE",
  },
  CONFIG_UNREADABLE: {
    family: "Misconfigured",
    retryable: false,
    meaning: "the config file could not be read or parsed",
    hint: "mend the line that the message names and run `homeostat check`",
  },
  CONFIG_INVALID: {
    family: "Misconfigured",
    retryable: false,
    meaning: "the config has problems; all are listed with path, expected and got",
    hint: "mend each line and run `homeostat check`",
  },
  USAGE: {
    family: "Misconfigured",
    retryable: false,
    meaning: "a command was called with arguments it does not take",
    hint: "see `homeostat --help`",
  },
  DAEMON_ABSENT: {
    family: "Refused",
    retryable: true,
    meaning: "no daemon answers for this project folder",
    hint: "start one with `homeostat up`",
  },
  DAEMON_RUNNING: {
    family: "Refused",
    retryable: false,
    meaning: "another daemon already looks after this project folder",
    hint: "use it, or end it with `homeostat down`",
  },
  UNKNOWN_ID: {
    family: "Refused",
    retryable: false,
    meaning: "no service, incident or approval has this name or number",
    hint: "list them with `homeostat status` or `homeostat incidents`",
  },
  NOT_NOW: {
    family: "Refused",
    retryable: false,
    meaning: "what was asked for contradicts the state or the kind of the service",
    hint: "the message says what to do instead; `homeostat status` shows the state and who caused it",
  },
  APPROVAL_CLOSED: {
    family: "Refused",
    retryable: false,
    meaning: "the approval was already given, denied or has expired",
    hint: "`homeostat incidents show ID` tells who decided and when",
  },
  FORBIDDEN: {
    family: "Refused",
    retryable: false,
    meaning: "the request did not prove that it may change anything",
    hint: "send the bearer token from the config, or call from this machine",
  },
  GATEWAY_ABSENT: {
    family: "Refused",
    retryable: true,
    meaning: "the gateway process does not answer on its control socket",
    hint: "the daemon restarts it; see .homeostat/logs/gateway.log",
  },
  GATEWAY_UNABLE: {
    family: "Refused",
    retryable: false,
    meaning: "this kind of gateway cannot do what the config asks of it",
    hint: "leave it out, or use the gateway of Homeostat itself: kind own",
  },
  NOTIFY_ABSENT: {
    family: "Refused",
    retryable: true,
    meaning: "the process that hears sd_notify messages does not answer",
    hint: "the daemon restarts it; it needs perl or python3; see .homeostat/logs/notify.log",
  },
  APP_ABSENT: {
    family: "Refused",
    retryable: true,
    meaning: "the app of this instance has no link to the daemon",
    hint: "`homeostat apps` lists those that have one: processes that use createApp",
  },
  ORDER_FAILED: {
    family: "ActionFailed",
    retryable: false,
    meaning: "an app did not do what it was ordered",
    hint: "the message is the app's own; `homeostat apps --json` lists what each can be ordered",
  },
  TIMED_OUT: {
    family: "TimedOut",
    retryable: true,
    meaning: "an operation did not finish within its limit",
    hint: "the message names the operation and the limit",
  },
  CANCELLED: {
    family: "Cancelled",
    retryable: false,
    meaning: "the caller ended the operation",
    hint: "the cause is the caller's own reason",
  },
  JOURNAL_CORRUPT: {
    family: "Protocol",
    retryable: false,
    meaning: "the journal file is damaged or is not a Homeostat journal",
    hint: "move the file away (it is never repaired silently) and start again",
  },
  JOURNAL_NEWER: {
    family: "Protocol",
    retryable: false,
    meaning: "the journal was written by a newer Homeostat",
    hint: "use that version, or point --state at another folder",
  },
  JOURNAL_UNUSABLE: {
    family: "Refused",
    retryable: true,
    meaning: "the state folder cannot be read or written: disk full, no rights, locked, I/O error",
    hint: "free space or mend the folder; events appended before are intact",
  },
  WIRE_VERSION: {
    family: "Protocol",
    retryable: false,
    meaning: "the other side speaks another version of the protocol",
    hint: "restart both sides from the same version",
  },
  WIRE_SHAPE: {
    family: "Protocol",
    retryable: false,
    meaning: "a message does not have the promised shape",
    hint: "the message names the field, what was expected and what came",
  },
  ACTION_FAILED: {
    family: "ActionFailed",
    retryable: false,
    meaning: "an action on a target did not finish",
    hint: "the receipt says how far it came; the incident goes on to the next rung",
  },
  JOB_FAILED: {
    family: "ActionFailed",
    retryable: false,
    meaning: "a job did not complete, and none of its tries is left",
    hint: "the message says how its last run ended; `homeostat logs NAME` shows all that it wrote",
  },
  SPAWN_FAILED: {
    family: "ActionFailed",
    retryable: true,
    meaning: "a process could not be started",
    hint: "check command, cwd and rights; the message carries the system's reason",
  },
  INVARIANT: {
    family: "Broken",
    retryable: false,
    meaning: "a rule of the code itself was found broken",
    hint: "please report it with the journal; the daemon stops and is restarted",
  },
} as const;

/** The table of codes; `docs/errors.md` is held equal to it by a test. */
export const codes: typeof appCodes & typeof daemonCodes = { ...appCodes, ...daemonCodes };

export type Code = keyof typeof codes;
