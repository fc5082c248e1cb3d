// Hands lines that come over OTLP to who listens to the log of their service.
import { serviceOf } from "../model/target.ts";
import type { OnLine } from "../sources/otlp/logs.ts";
import type { Listener, Listening } from "./log-listen.ts";

/** A stream for each service: its severity is read from the line, where it stands before the text. */
export function linesFor(listenerOf: Listening["listenerOf"]): OnLine {
  const known = new Map<string, Listener | undefined>();
  return (target, text, severity) => {
    const service = serviceOf(target);
    if (!known.has(service)) known.set(service, listenerOf(service));
    const listener = known.get(service);
    if (!listener?.passes(true)) return;
    const [first = ""] = text.split("\n", 1);
    listener.line(`${levels[severity]} ${first}`, true);
  };
}

const levels = {
  ...{ trace: "DEBUG", debug: "DEBUG", info: "INFO", warn: "WARN", error: "ERROR", fatal: "FATAL" },
} as const;
