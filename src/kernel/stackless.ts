// Errors without a stack, apart from the others because only Node (and not a browser) has the means.
import { type Code, HomeostatError } from "./errors.ts";

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
