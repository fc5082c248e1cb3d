// The error of a feature that is switched off and has no fallback.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Reason } from "../../model/reason.ts";

/** In `details`. */
export interface UnavailableDetails {
  readonly feature: string;
  readonly why: Reason;
}

const mark = "feature-unavailable";

export function featureUnavailable(feature: string, why: Reason, cause?: unknown): HomeostatError {
  const details = { kind: mark, feature, why };
  const message = `feature ${feature} is not available: ${why.text}`;
  return new HomeostatError("FEATURE_UNAVAILABLE", message, {
    details,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Whether an error says that a feature is not available. */
export function isFeatureUnavailable(
  error: unknown,
): error is HomeostatError & { readonly details: UnavailableDetails } {
  if (!(error instanceof HomeostatError)) return false;
  const { details } = error;
  return (
    typeof details === "object" && details !== null && "kind" in details && details.kind === mark
  );
}
