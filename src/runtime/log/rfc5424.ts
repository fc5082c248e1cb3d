// A line of the log as a syslog message, and what its header may hold.
import { HomeostatError } from "../../kernel/errors.ts";
import { type Facility, facilities, syslogData, syslogMessage } from "../../protocol/syslog.ts";
import { messageText, textOf, timeOf } from "./format.ts";
import type { Line } from "./sink.ts";

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
export function lineMessage(line: Line, header: SyslogHeader): Buffer {
  const { structuredDataId, ...rest } = header;
  const { level, app, thread, logger } = line;
  const parts = { ...rest, level, app, time: timeOf(line), messageId: logger };
  if (structuredDataId === undefined) {
    const text = textOf(line, { app: false }).split("\n", 1)[0] ?? "";
    return syslogMessage({ ...parts, text });
  }
  const params = Object.entries(line.fields).map(([name, value]) => {
    return [name, typeof value === "string" ? value : JSON.stringify(value)] as const;
  });
  const text = `${thread} [${level.toUpperCase()}] ${messageText({ ...line, fields: {} })}`;
  return syslogMessage({ ...parts, data: syslogData(structuredDataId, params), text });
}

function invalid(problem: string): HomeostatError {
  return new HomeostatError("OPTION_INVALID", `syslogSink: ${problem}`);
}
