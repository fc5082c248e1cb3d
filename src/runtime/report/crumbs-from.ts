// Lines of the log and events of the bus as breadcrumbs; both are known by their shape only.
import type { Fields, Level } from "../../kernel/log.ts";
import type { Listener, Severity } from "../parts/bus.ts";
import type { AddCrumb, CrumbLevel } from "./crumb.ts";

/** What is read of a line of the log; its secrets are masked by then. */
export interface CrumbLine {
  readonly at: number;
  readonly level: Level;
  readonly logger: string;
  readonly message: string;
  readonly fields: Fields;
}

/** A sink as the log takes it. */
export interface CrumbSink {
  readonly name: string;
  readonly level: Level;
  write(line: CrumbLine): void;
}

export interface SinkOptions {
  /** Default "info". */
  readonly level?: Level;
}

const ofLevel: Readonly<Record<Level, CrumbLevel>> = {
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
};

const ofSeverity: Readonly<Record<Severity, CrumbLevel>> = {
  info: "info",
  warning: "warning",
  critical: "error",
};

export function crumbSink(add: AddCrumb, { level = "info" }: SinkOptions = {}): CrumbSink {
  return {
    name: "breadcrumbs",
    level,
    write: (line) => {
      const category = line.logger === "" ? "log" : `log.${line.logger}`;
      const { at, message, fields: data } = line;
      add({ at, category, level: ofLevel[line.level], message, data });
    },
  };
}

/** Give it to `bus.subscribe`, with the pattern of what is worth remembering. */
export function crumbListener(add: AddCrumb): Listener {
  return ({ type, source, severity, time, data }) => {
    const at = Date.parse(time);
    add({
      category: `event.${type}`,
      level: ofSeverity[severity],
      message: source,
      ...(typeof data === "object" && data !== null && { data: { ...data } }),
      ...(!Number.isNaN(at) && { at }),
    });
  };
}
