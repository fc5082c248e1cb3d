// Every error Homeostat raises: one branded base, seven families, one table of stable codes.

export type Family =
  | "Refused"
  | "TimedOut"
  | "Cancelled"
  | "Misconfigured"
  | "Protocol"
  | "ActionFailed"
  | "Broken";

/** What each family means and the exit code a command ends with when it meets one. */
export const families: Readonly<
  Record<Family, { readonly meaning: string; readonly exit: number }>
> = {
  Refused: { meaning: "never reached its target", exit: 75 },
  TimedOut: { meaning: "no answer in time; the result is unknown", exit: 75 },
  Cancelled: { meaning: "the caller's own signal; never retried, never counted", exit: 1 },
  Misconfigured: { meaning: "found at the start, all problems at once", exit: 78 },
  Protocol: { meaning: "a message or file has the wrong version or shape", exit: 75 },
  ActionFailed: { meaning: "an action began and did not finish; carries the receipt", exit: 75 },
  Broken: { meaning: "a rule of the code itself is broken; crash and be restarted", exit: 1 },
};

interface Row {
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
    hint: "the message names the file, the line and what the parser met there",
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
    hint: "send what matters with a higher priority; less is held back as the target recovers",
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

const rows: Readonly<Record<Code, Row>> = codes;

// Built once: an error is made for each refused call.
const names = Object.fromEntries(
  Object.keys(codes).map((code) => [code, `HomeostatError [${code}]`]),
) as Record<Code, string>;
// The name by which the platform's own timeouts are known.
names.TIMED_OUT = "TimeoutError";

const brand: unique symbol = Symbol.for("homeostat.error") as never;

/** The base of all errors; `instanceof` holds across two copies of the package. */
export class HomeostatError extends Error {
  readonly code: Code;
  readonly family: Family;
  readonly retryable: boolean;
  readonly hint: string;
  /** What else is known: problems of a config, the receipt of a failed action. */
  readonly details: unknown;

  constructor(code: Code, message: string, options: { cause?: unknown; details?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const row = rows[code];
    this.name = names[code];
    this.code = code;
    this.family = row.family;
    this.retryable = row.retryable;
    this.hint = row.hint;
    this.details = options.details;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && brand in value;
  }
}

// On the prototype: a property of each error would cost as much as the rest of its making.
Object.defineProperty(HomeostatError.prototype, brand, { value: true });

const withStacks = process.env.HOMEOSTAT_STACKS === "1" || Object.isFrozen(Error);

/**
 * An error without a stack, a tenth of the cost: for refusals, which are many and whose stack shows
 * only Homeostat. HOMEOSTAT_STACKS=1 gives it one.
 */
export function stackless(
  code: Code,
  message: string,
  options?: { cause?: unknown; details?: unknown },
): HomeostatError {
  if (withStacks) return new HomeostatError(code, message, options);
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return new HomeostatError(code, message, options);
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** The caller's own reason as a Cancelled error; a reason that already is ours is kept. */
export function cancelled(reason: unknown): HomeostatError {
  if (reason instanceof HomeostatError) return reason;
  return new HomeostatError("CANCELLED", "the caller ended the operation", { cause: reason });
}

/** Throws a Broken error unless `condition` holds. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new HomeostatError("INVARIANT", message);
}

/** The exit code of a command that ended with `error`. */
export function exitCode(error: unknown): number {
  return error instanceof HomeostatError ? families[error.family].exit : 1;
}

/** The message of anything that was thrown, with the messages of its causes. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `: ${messageOf(error.cause)}`;
  return `${error.message || error.name}${cause}`;
}
