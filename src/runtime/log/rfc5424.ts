// A line as a syslog message: RFC 5424, its header, structured data and text.
import { HomeostatError } from "../../kernel/errors.ts";
import type { Level } from "../../kernel/log.ts";
import { messageText, textOf, timeOf } from "./format.ts";
import type { Line } from "./sink.ts";

const names =
  "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock " +
  "local0 local1 local2 local3 local4 local5 local6 local7";
/** RFC 5424, table 1, in the order of their numbers. */
const facilities: readonly string[] = names.split(" ");

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

export interface SyslogHeader {
  readonly facility: Facility;
  readonly hostname: string;
  readonly processId: string;
  /**
   * Name and enterprise number for the fields, such as `app@12345`; the number is one's own (IANA
   * PEN). Without it the fields stand in the text.
   */
  readonly structuredDataId?: string;
  /** Longer messages are cut at the end. */
  readonly maxBytes: number;
}

/** Throws a Misconfigured error when a facility or an id of structured data cannot be. */
export function checkHeader({ facility, structuredDataId, maxBytes }: SyslogHeader): void {
  if (!facilities.includes(facility)) throw invalid(`there is no facility ${facility}`);
  if (structuredDataId !== undefined && !/^[\w.-]{1,20}@\d[\d.]{0,10}$/.test(structuredDataId)) {
    throw invalid(`structuredDataId must be like app@12345, got ${structuredDataId}`);
  }
  if (!(maxBytes >= 480)) throw invalid(`a receiver takes 480 bytes at least, got ${maxBytes}`);
}

/** `<14>1 2026-11-21T03:00:00.000Z host shop 4242 db.pool - main [INFO] message key=value` */
export function syslogMessage(line: Line, header: SyslogHeader): Buffer {
  const { facility, hostname, processId, structuredDataId, maxBytes } = header;
  const priority = facilities.indexOf(facility) * 8 + severities[line.level];
  const head = [
    `<${priority}>1`,
    timeOf(line),
    printable(hostname, 255),
    printable(line.app, 48),
    printable(processId, 128),
    printable(line.logger, 32),
  ].join(" ");
  const data = structuredDataId === undefined ? "-" : structured(line, structuredDataId);
  const text =
    structuredDataId === undefined
      ? (textOf(line, { app: false }).split("\n", 1)[0] ?? "")
      : `${line.thread} [${line.level.toUpperCase()}] ${messageText({ ...line, fields: {} })}`;
  // Section 6.4: text beyond ASCII is announced as UTF-8 by the byte order mark.
  const mark = /^[\x20-\x7e]*$/.test(text) ? "" : "\ufeff";
  return cutTo(Buffer.from(`${head} ${data} ${mark}${text}`), maxBytes);
}

/** Section 6.3: names are bare, values escape `"`, `\` and `]`. */
function structured({ fields }: Line, id: string): string {
  const params = Object.entries(fields).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return ` ${printable(name.replaceAll(/[=\]"]/g, "_"), 32)}="${text.replaceAll(/["\\\]]/g, "\\$&")}"`;
  });
  return `[${id}${params.join("")}]`;
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

function invalid(problem: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", `syslogSink: ${problem}`);
}
