// The daemon's own log: one line an entry, text on a terminal and JSON elsewhere.

export type Level = "debug" | "info" | "warn" | "error";
export type Fields = Readonly<Record<string, unknown>>;

/** Writes entries; a child log carries its fields on every entry. */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  child(fields: Fields): Log;
}

export interface Entry {
  readonly at: number;
  readonly level: Level;
  readonly message: string;
  readonly fields: Fields;
}

const order: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A log that hands entries at or above `level` to `write`; `wall` gives their time. */
export function createLog(options: {
  readonly level: Level;
  readonly wall: () => number;
  readonly write: (entry: Entry) => void;
  readonly fields?: Fields;
}): Log {
  const fields = options.fields ?? {};
  const at =
    (level: Level) =>
    (message: string, extra?: Fields): void => {
      if (order[level] < order[options.level]) return;
      options.write({ at: options.wall(), level, message, fields: { ...fields, ...extra } });
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (more) => createLog({ ...options, fields: { ...fields, ...more } }),
  };
}

/** A log that keeps nothing. */
export const silentLog: Log = createLog({ level: "error", wall: () => 0, write: () => {} });

/** `2026-11-21T03:00:00.000Z homeostat [INFO] message key=value` */
export function formatText(entry: Entry): string {
  const pairs = Object.entries(entry.fields).map(([key, value]) => ` ${key}=${plain(value)}`);
  const time = new Date(entry.at).toISOString();
  return `${time} homeostat [${entry.level.toUpperCase()}] ${entry.message}${pairs.join("")}\n`;
}

/** One JSON object a line, with `time`, `level`, `message` and the fields. */
export function formatJson(entry: Entry): string {
  const { at, level, message, fields } = entry;
  return `${JSON.stringify({ time: new Date(at).toISOString(), level, message, ...fields })}\n`;
}

function plain(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /[\s"]/.test(text ?? "") ? JSON.stringify(text) : String(text);
}
