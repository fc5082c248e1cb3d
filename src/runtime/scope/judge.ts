// Says what an error means and tells the log, the reporters and the app, as its meaning demands.
import { messageOf } from "../../kernel/errors.ts";
import type { Fields } from "../../kernel/log.ts";
import type { Capture } from "../parts/capture.ts";
import { dependencyIn, fatalDependency } from "../parts/dependency.ts";
import { isInterrupt } from "../parts/interrupt.ts";
import type { Stopping } from "../parts/stopping.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";

/**
 * What an error is: the app's own end (`interrupt`), the end that the caller asked for
 * (`cancelled`), a dependency the app cannot do without (`dependency`), or anything else (`error`).
 */
export type ErrorClass = "interrupt" | "cancelled" | "dependency" | "error";

/** Says what an error is, undefined where it does not know. */
export type Classify = (error: unknown) => ErrorClass | undefined;

export interface Judging {
  /** Without it nothing dies and nothing is interrupted. */
  readonly stopping?: Stopping;
  /** Where errors go that somebody should look at. */
  readonly capture?: Capture;
  /** Asked for each error after the scope's own `classify`. */
  readonly classify?: Classify;
}

/** What a scope says of its errors. */
export interface Judged {
  readonly name: string;
  /** True: any error ends the app. False: none does. Left out: a lost dependency does. */
  readonly shutdownOnError?: boolean;
  /** Ends the scope's signal too; an error that comes of it is only the caller's business. */
  readonly signal?: AbortSignal;
  readonly classify?: Classify;
  /** Goes with each log line and report. */
  readonly context?: Fields;
}

export interface Judge {
  classOf(error: unknown, of: Judged): ErrorClass;
  tell(error: unknown, kind: ErrorClass, of: Judged): void;
}

export function createJudge(given: Judging & Partial<Surroundings>): Judge {
  const { log } = surroundings(given);
  const { stopping, capture } = given;
  /** Nested scopes see the same error; only the innermost speaks of it. */
  const told = new WeakSet<object>();

  const isNews = (error: unknown): boolean => {
    if (typeof error !== "object" || error === null) return true;
    if (told.has(error)) return false;
    told.add(error);
    return true;
  };

  const tell = (error: unknown, kind: ErrorClass, of: Judged): void => {
    const { name, context = {}, shutdownOnError } = of;
    const message = `scope ${name}: ${messageOf(error)}`;
    const quiet =
      kind === "interrupt" || kind === "cancelled" || stopping?.stopping || !isNews(error);
    const level = quiet ? "debug" : kind === "dependency" ? "warn" : "error";
    log[level](message, { scope: name, class: kind, ...context, error });
    if (kind === "interrupt" || kind === "cancelled" || stopping?.stopping) return;
    if (kind === "error") capture?.(error, name, { ...context, fatal: shutdownOnError === true });
    if (shutdownOnError ?? kind === "dependency") stopping?.die(causeOf(error, kind, message));
  };

  return {
    classOf: (error, { signal, classify }) => {
      if (stopping && isInterrupt(error, stopping.signal)) return "interrupt";
      if (signal && isInterrupt(error, signal)) return "cancelled";
      const said = classify?.(error) ?? given.classify?.(error);
      return said ?? (dependencyIn(error) === undefined ? "error" : "dependency");
    },
    tell,
  };
}

/** What the app dies of: an error that only `classify` knows as a lost dependency becomes one. */
function causeOf(error: unknown, kind: ErrorClass, message: string): unknown {
  if (kind !== "dependency") return error;
  return dependencyIn(error) ?? fatalDependency(message, { cause: error });
}
