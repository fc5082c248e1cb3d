// The table of stable error codes, each with its family, meaning and hint.

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

/** The table of codes; `docs/errors.md` is held equal to it by a test. */
export const codes = {
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
  OPTION_INVALID: {
    family: "Misconfigured",
    retryable: false,
    meaning: "a part of the library was given an option that cannot be",
    hint: "mend the option that the message names",
  },
  DEPENDENCY_LOST: {
    family: "Refused",
    retryable: false,
    meaning: "the app lost something it cannot do without, and ends to be started again",
    hint: "look at the dependency that the message names; whoever runs the app starts it again",
  },
  FEATURE_UNAVAILABLE: {
    family: "Refused",
    retryable: true,
    meaning: "a feature of the app is switched off and has no fallback",
    hint: "`details.why` tells by whom or by which check; it comes back by itself with the check",
  },
  SYNTHETIC_FAILED: {
    family: "ActionFailed",
    retryable: true,
    meaning: "a synthetic scenario found something else than it expected",
    hint: "the message names the address, what was expected and what came; run it again by its seed",
  },
  WATCHED_LOST: {
    family: "Broken",
    retryable: false,
    meaning: "something that has to live in this process ended: a worker, a child, a task, a loop",
    hint: "the message names it and the place that started it; whoever runs the app starts it again",
  },
  DAEMON_ABSENT: {
    family: "Refused",
    retryable: true,
    meaning: "no daemon answers for this project folder",
    hint: "start one with `homeostat up`",
  },
  NOT_DELIVERED: {
    family: "Refused",
    retryable: true,
    meaning: "a service outside did not take what was sent to it",
    hint: "look at the address, the key and the service that the message names",
  },
  ALREADY_RUNNING: {
    family: "Refused",
    retryable: false,
    meaning: "the app runs already, and only one of it may",
    hint: "use the one that runs, or end it by the pid that the message names",
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
  BREAKER_OPEN: {
    family: "Refused",
    retryable: true,
    meaning: "a circuit breaker is open: the target failed too often",
    hint: "try again after details.retryAfterMs; the breaker then lets probes through",
  },
  BULKHEAD_FULL: {
    family: "Refused",
    retryable: true,
    meaning: "as many calls as the bulkhead takes are running and waiting",
    hint: "raise the limit or the queue, or send fewer calls at once",
  },
  RATE_LIMITED: {
    family: "Refused",
    retryable: true,
    meaning: "more calls came than the rate limiter lets through",
    hint: "try again after details.retryAfterMs",
  },
  CONCURRENCY_LIMITED: {
    family: "Refused",
    retryable: true,
    meaning: "the adaptive limit of concurrent calls is reached",
    hint: "the target answers slower than it did; the limit grows again by itself",
  },
  THROTTLED: {
    family: "Refused",
    retryable: true,
    meaning: "the target refuses so many calls that this one was not sent",
    hint: "send what matters most with the lowest priority number; less is held back as the target recovers",
  },
  HOST_EJECTED: {
    family: "Refused",
    retryable: true,
    meaning: "the host fails more than its fellows and is left out for a while",
    hint: "use another host; this one is tried again after details.retryAfterMs",
  },
  CHAOS: {
    family: "ActionFailed",
    retryable: true,
    meaning: "a fault was injected on purpose",
    hint: "the chaos strategy of this pipeline is armed",
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

export type Code = keyof typeof codes;
