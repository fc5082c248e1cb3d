// The envelope: what goes over the wire to Sentry, headers and items line by line.
// Source: develop.sentry.dev, SDK › Transport › Envelopes (serialization format).
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { version } from "../../kernel/version.ts";
import type { Category } from "./limits.ts";

export const sdk: { readonly name: string; readonly version: string } = {
  name: "homeostat",
  version,
};

/** `homeostat/1.2.3`, as the client is named to Sentry. */
export const client: string = `${sdk.name}/${sdk.version}`;

export interface Item {
  readonly type: "event" | "feedback" | "client_report";
  readonly category: Category;
  /** JSON on one line. */
  readonly payload: string;
}

export interface Envelope {
  /** Of an event or feedback; a report of ourselves has none. */
  readonly eventId?: string;
  readonly items: readonly Item[];
}

/** `sentAt` in ISO 8601: by it Sentry sets right what a wrong clock wrote. */
export function serialize({ eventId, items }: Envelope, sentAt: string): Buffer {
  const head = { ...(eventId !== undefined && { event_id: eventId }), sent_at: sentAt, sdk };
  const lines = items.flatMap(({ type, payload }) => [
    JSON.stringify({
      type,
      length: Buffer.byteLength(payload),
      ...(type === "event" && { content_type: "application/json" }),
    }),
    payload,
  ]);
  return Buffer.from(`${[JSON.stringify(head), ...lines].join("\n")}\n`);
}

/** Smaller ones are sent as they are: the official client draws the line here, too. */
const worthPacking = 32 * 1_024;
const pack = promisify(gzip);

export async function packed(
  body: Buffer,
): Promise<{ readonly body: Buffer; readonly headers: Readonly<Record<string, string>> }> {
  if (body.length <= worthPacking) return { body, headers: {} };
  return { body: await pack(body), headers: { "content-encoding": "gzip" } };
}
