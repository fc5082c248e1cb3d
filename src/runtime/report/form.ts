// Reads what a form of ours sent: bounded in size, and only the encoding that our form has.

/** A message of 4,096 characters of four bytes each, percent-encoded, and the rest. */
export const longestBody: number = 64 * 1_024;

export type Sent =
  | { readonly fields: URLSearchParams }
  | { readonly refused: "too large" | "not a form" };

/** What a framework has read and parsed already, or the stream itself. */
export interface Incoming {
  readonly contentType: string | undefined;
  readonly parsed?: unknown;
  readonly stream?: AsyncIterable<Uint8Array> | null | undefined;
}

export async function readForm({ contentType, parsed, stream }: Incoming): Promise<Sent> {
  if (!/^application\/x-www-form-urlencoded(?:;|$)/i.test(contentType ?? "")) {
    return { refused: "not a form" };
  }
  if (typeof parsed === "object" && parsed !== null) return { fields: fieldsOf(parsed) };
  if (typeof parsed === "string") return bounded(parsed);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of stream ?? []) {
    bytes += part.length;
    if (bytes > longestBody) return { refused: "too large" };
    parts.push(part);
  }
  return bounded(Buffer.concat(parts).toString("utf8"));
}

function bounded(text: string): Sent {
  return text.length > longestBody
    ? { refused: "too large" }
    : { fields: new URLSearchParams(text) };
}

/** Somebody's parser came first; what it made of a field that came twice is not taken. */
function fieldsOf(parsed: object): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(parsed).slice(0, 50)) {
    if (typeof value === "string") fields.append(name, value.slice(0, longestBody));
  }
  return fields;
}
