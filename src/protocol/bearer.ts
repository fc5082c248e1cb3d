// Whether a request shows the bearer token that is asked for.
import { createHash, timingSafeEqual } from "node:crypto";

/** `header` is that of `Authorization`. */
export function showsBearer(header: string | undefined, token: string): boolean {
  const [, shown] = /^Bearer +(\S+)$/i.exec(header ?? "") ?? [];
  return shown !== undefined && same(shown, token);
}

/** In constant time: hashes have equal length. */
function same(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
