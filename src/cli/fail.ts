// How a command ends that failed: one message on stderr, for people or as JSON, and the exit code.
import { inspect } from "node:util";
import { codes, exitCode, HomeostatError, messageOf } from "../kernel/errors.ts";
import type { ErrorView } from "../protocol/api.ts";
import { paint } from "./print.ts";

export function fail(error: unknown, asJson: boolean): void {
  const view = viewOf(error);
  const { message, hint, details } = view.error;
  const text = error instanceof HomeostatError ? message : String(details);
  process.stderr.write(
    asJson
      ? `${JSON.stringify(view)}\n`
      : `${paint("bad", text, process.stderr)}\n${paint("dim", hint, process.stderr)}\n`,
  );
  process.exitCode = exitCode(error);
}

/** What is no error of ours is a fault in the code: its stack goes into the report. */
function viewOf(error: unknown): ErrorView {
  if (error instanceof HomeostatError) {
    const { code, message, hint, details } = error;
    return { error: { code, message, hint, ...(details === undefined ? {} : { details }) } };
  }
  const { hint } = codes.INVARIANT;
  const message = messageOf(error);
  return { error: { code: "INVARIANT", message, hint, details: inspect(error) } };
}
