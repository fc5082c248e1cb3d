// The fatal dependency error: the app cannot do without what was lost, so it ends and is restarted.
import { HomeostatError } from "../../kernel/errors.ts";
import { causesOf } from "./interrupt.ts";

// On the error and by a symbol of the registry, so that two copies of the package know it.
const brand: unique symbol = Symbol.for("homeostat.fatal-dependency") as never;

/**
 * An error that a scope answers by a warning and the end of the app (exit code 75): nobody is paged
 * for it, as what is wrong is the dependency, and whoever starts the app again will find it back.
 */
export function fatalDependency(
  message: string,
  options: { readonly cause?: unknown; readonly details?: unknown } = {},
): HomeostatError {
  const error = new HomeostatError("DEPENDENCY_LOST", message, options);
  Object.defineProperty(error, brand, { value: true });
  return error;
}

/** The fatal dependency error among an error and its causes; undefined when there is none. */
export function dependencyIn(error: unknown): unknown {
  return causesOf(error).find(
    (cause) => typeof cause === "object" && cause !== null && brand in cause,
  );
}
