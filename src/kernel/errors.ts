// Every error Homeostat raises: one branded base, seven families; the codes stand in error-codes.ts.
import { type Code, codes, type Family, type Row } from "./error-codes.ts";

export { type Code, codes, type Family };

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

/** So many causes are told; a chain that is longer, or a circle, ends here. */
const deepestCause = 8;

/**
 * The message of anything that was thrown, with the messages of its causes. Never throws, whatever it
 * is given: what has no text is told by its kind.
 */
export function messageOf(error: unknown): string {
  const texts: string[] = [];
  let at: unknown = error;
  do {
    texts.push(textOf(at));
    at = causeOf(at);
  } while (at !== undefined && texts.length < deepestCause);
  return texts.join(": ");
}

function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${thrown.message || thrown.name}` : String(thrown);
  } catch {
    // A symbol for a message, no toString, a getter that throws: that something was thrown is left.
    return "something that cannot be told";
  }
}

function causeOf(thrown: unknown): unknown {
  try {
    return thrown instanceof Error ? thrown.cause : undefined;
  } catch {
    return undefined; // its getter throws: there is no cause to be told
  }
}
