// Who may ask: anyone on this machine who is not a web page of another site, or who has the token.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Asked } from "./router.ts";

/** Undefined when the request may pass; else why not. */
export function isAllowed(asked: Asked, token: string | undefined): string | undefined {
  const changes = asked.method !== "GET" && asked.method !== "HEAD";
  const host = asked.header("host") ?? "";
  if (token !== undefined) {
    const by = tokenBy(asked, token);
    if (by === undefined) return "expected the bearer token of the config";
    // A browser sends its cookie along with what pages of other ports ask for, too.
    return changes && by === "browser" ? isOurPage(asked, host) : undefined;
  }
  // Without a token the daemon is bound to loopback; a name that is not ours is DNS rebinding.
  if (!/^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host)) {
    return `expected a Host of this machine, got "${host}"`;
  }
  return changes ? isOurPage(asked, host) : undefined;
}

/** A page of another site cannot set this header without asking first, and it is not told yes. */
function isOurPage(asked: Asked, host: string): string | undefined {
  if (asked.header("x-homeostat") === undefined) return "expected the header x-homeostat";
  const origin = asked.header("origin");
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    return `expected no other origin, got ${origin}`;
  }
  return undefined;
}

/** What the browser keeps: not the token itself, which every app of this host would be sent. */
export function cookieOf(token: string): string {
  return createHash("sha256").update(`homeostat cookie ${token}`).digest("hex");
}

/** By header, cookie or query. */
export function hasToken(asked: Asked, token: string): boolean {
  return tokenBy(asked, token) !== undefined;
}

function tokenBy(asked: Asked, token: string): "bearer" | "browser" | undefined {
  const [, bearer] = /^Bearer (.+)$/.exec(asked.header("authorization") ?? "") ?? [];
  if (bearer !== undefined && same(bearer, token)) return "bearer";
  const [, cookie] = /(?:^|; )homeostat=([^;]+)/.exec(asked.header("cookie") ?? "") ?? [];
  if (cookie !== undefined && same(cookie, cookieOf(token))) return "browser";
  const query = asked.query("token");
  return query !== undefined && same(query, token) ? "browser" : undefined;
}

/** In constant time: hashes have equal length. */
function same(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
