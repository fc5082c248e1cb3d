// The two messages of the gRPC health protocol, in the bytes of protobuf and of gRPC's framing.

export type ServingStatus = "UNKNOWN" | "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";

/** HealthCheckResponse.ServingStatus, in the order of its numbers. */
const statuses: readonly ServingStatus[] = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

/** HealthCheckRequest { string service = 1 }, not compressed. */
export function encodeCheck(service: string): Buffer {
  const name = Buffer.from(service, "utf8");
  const message =
    name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/**
 * HealthCheckResponse { ServingStatus status = 1 }; a status of 0 is left out on the wire. Fields that
 * are not known are passed over, as protobuf asks.
 */
export function readStatus(body: Buffer): ServingStatus | "unreadable" {
  if (body.length < 5 || body[0] !== 0 || body.readUInt32BE(1) !== body.length - 5) {
    return "unreadable";
  }
  let at = 5;
  let status = 0;
  /** Undefined when the bytes end too soon. */
  const next = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = body[at];
      if (byte === undefined) return undefined;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < body.length) {
    const tag = next() ?? 7;
    const wire = tag % 8;
    if (wire === 0) {
      const value = next();
      if (value === undefined) return "unreadable";
      if (tag === 0x08) status = value;
    } else if (wire === 2) {
      const length = next() ?? body.length;
      at += length;
    } else if (wire === 1 || wire === 5) at += wire === 1 ? 8 : 4;
    else return "unreadable";
  }
  return at === body.length ? (statuses[status] ?? "unreadable") : "unreadable";
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) + 128);
  }
}
