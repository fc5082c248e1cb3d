// A syslog message by RFC 5424: header, structured data and text, within a length.
import type { Level } from "../kernel/log.ts";

const names =
  "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock " +
  "local0 local1 local2 local3 local4 local5 local6 local7";
/** RFC 5424, table 1, in the order of their numbers. */
export const facilities: readonly string[] = names.split(" ");

export type Facility =
  | "kern"
  | "user"
  | "mail"
  | "daemon"
  | "auth"
  | "syslog"
  | "cron"
  | "authpriv"
  | `local${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7}`;

/** RFC 5424, table 2. */
const severities: Readonly<Record<Level, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

export interface SyslogParts {
  readonly facility: Facility;
  readonly level: Level;
  /** ISO 8601. */
  readonly time: string;
  readonly hostname: string;
  readonly app: string;
  readonly processId: string;
  /** What kind of message it is; empty for none. */
  readonly messageId: string;
  /** Structured data as it stands in the message, see {@link syslogData}. */
  readonly data?: string;
  readonly text: string;
  /** Longer messages are cut at the end. */
  readonly maxBytes: number;
}

/** `<14>1 2026-11-21T03:00:00.000Z host shop 4242 db.pool - text` */
export function syslogMessage(parts: SyslogParts): Buffer {
  const { facility, level, time, hostname, app, processId, messageId, text, maxBytes } = parts;
  const head = [
    `<${facilities.indexOf(facility) * 8 + severities[level]}>1`,
    time,
    printable(hostname, 255),
    printable(app, 48),
    printable(processId, 128),
    printable(messageId, 32),
  ].join(" ");
  // Section 6.4: text beyond ASCII is announced as UTF-8 by the byte order mark.
  const mark = /^[\x20-\x7e]*$/.test(text) ? "" : "\ufeff";
  return cutTo(Buffer.from(`${head} ${parts.data ?? "-"} ${mark}${text}`), maxBytes);
}

/** Section 6.3: names are bare, values escape `"`, `\` and `]`. */
export function syslogData(id: string, params: readonly (readonly [string, string])[]): string {
  const told = params.map(([name, value]) => {
    const bare = printable(name.replaceAll(/[=\]"]/g, "_"), 32);
    return ` ${bare}="${value.replaceAll(/["\\\]]/g, "\\$&")}"`;
  });
  return `[${id}${told.join("")}]`;
}

/** Printable ASCII without spaces, `-` for nothing. */
function printable(text: string, longest: number): string {
  return text.replaceAll(/[^\x21-\x7e]+/g, "_").slice(0, longest) || "-";
}

/** Never within a character: what is left is UTF-8 still. */
function cutTo(bytes: Buffer, most: number): Buffer {
  if (bytes.length <= most) return bytes;
  let end = most;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}
