// Who may ask: anyone on this machine who is not a web page of another site, or who has the token.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Asked } from "./router.ts";

/** Undefined when the request may pass; else why not. */
export function isAllowed(asked: Asked, token: string | undefined): string | undefined {
  const changes = asked.method !== "GET" && asked.method !== "HEAD";
  if (token !== undefined) {
    return hasToken(asked, token) ? undefined : "expected the bearer token of the config";
  }
  // Without a token the daemon is bound to loopback; a name that is not ours is DNS rebinding.
  const host = asked.header("host") ?? "";
  if (!/^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host)) {
    return `expected a Host of this machine, got "${host}"`;
  }
  if (!changes) return undefined;
  // A page of another site cannot set this header without asking first, and it is not told yes.
  if (asked.header("x-homeostat") === undefined) return "expected the header x-homeostat";
  const origin = asked.header("origin");
  if (origin !== undefined && origin !== `http://${host}`)
    return `expected no other origin, got ${origin}`;
  return undefined;
}

/** As a bearer token, in our cookie or in the address. */
export function hasToken(asked: Asked, token: string): boolean {
  const header = asked.header("authorization") ?? "";
  const cookie = asked.header("cookie") ?? "";
  const query = asked.query("token");
  const given = [
    /^Bearer (.+)$/.exec(header)?.[1],
    /(?:^|; )homeostat=([^;]+)/.exec(cookie)?.[1],
    query,
  ];
  return given.some((other) => typeof other === "string" && same(other, token));
}

/** In constant time: hashes have equal length. */
function same(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
