// The fields that mean something to a gateway, told apart by their bytes without making strings.

export type Known =
  | "hop"
  | "host"
  | "length"
  | "coding"
  | "connection"
  | "expect"
  | "upgrade"
  | "date"
  | "forwarded"
  | "forwardedFor"
  | "forwardedHost"
  | "forwardedProto"
  | "trace"
  | "traceState"
  | "requestId";

/** Fields of one connection, not of the message, go no further. Source: RFC 9110 section 7.6.1. */
const names: Readonly<Record<string, Known>> = {
  "keep-alive": "hop",
  "proxy-authenticate": "hop",
  "proxy-authorization": "hop",
  "proxy-connection": "hop",
  te: "hop",
  host: "host",
  "content-length": "length",
  "transfer-encoding": "coding",
  connection: "connection",
  expect: "expect",
  upgrade: "upgrade",
  date: "date",
  forwarded: "forwarded",
  "x-forwarded-for": "forwardedFor",
  "x-forwarded-host": "forwardedHost",
  "x-forwarded-proto": "forwardedProto",
  traceparent: "trace",
  tracestate: "traceState",
  "x-request-id": "requestId",
};

interface Entry {
  readonly bytes: Uint8Array;
  readonly known: Known;
}

const byLength: readonly (readonly Entry[])[] = Array.from({ length: 20 }, (_, length) =>
  Object.entries(names)
    .filter(([name]) => name.length === length)
    .map(([name, known]) => ({ bytes: Buffer.from(name), known })),
);

const none: readonly Entry[] = [];
const dash = 0x2d;
const underscore = 0x5f;

/**
 * What the name from `start` to `end` is; it consists of token bytes. "disguised" is the name of such
 * a field but for underscores: programs that get fields as variables (CGI, WSGI) cannot tell the two
 * apart, so that it would speak in the name of the other.
 */
export function knownName(
  bytes: Uint8Array,
  start: number,
  end: number,
): Known | "disguised" | undefined {
  for (const entry of byLength[end - start] ?? none) {
    const found = compare(bytes, start, entry);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Among token bytes the bit of the case makes no other two of them equal. */
function compare(
  bytes: Uint8Array,
  start: number,
  { bytes: name, known }: Entry,
): Known | "disguised" | undefined {
  let found: Known | "disguised" = known;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i] ?? 0;
    if ((byte | 0x20) === name[i]) continue;
    if (byte !== underscore || name[i] !== dash) return undefined;
    found = "disguised";
  }
  return found;
}
