// The cookies of one run: kept and sent back as RFC 6265 says, for as long as the run lasts.

export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  /** Only the very host that set it gets it. */
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  /** Milliseconds since the Unix epoch; none: to the end of the run. */
  readonly expiresAtMs?: number;
}

export interface CookieJar {
  /** Keeps what an answer from `url` set; what a browser would not take is left out. */
  store(url: URL, setCookie: readonly string[]): void;
  /** The Cookie header for a request to `url`. */
  header(url: URL): string | undefined;
  /** The value of the cookie that a request to `url` would carry. */
  get(url: URL, name: string): string | undefined;
}

const mostCookies = 300;
const longestCookie = 4_096;
const longestDate = 64;

/** `wall` says when cookies expire. */
export function createCookieJar(wall: () => number): CookieJar {
  let cookies: readonly Cookie[] = [];

  const matching = (url: URL): readonly Cookie[] => {
    const now = wall();
    cookies = cookies.filter(({ expiresAtMs = now + 1 }) => expiresAtMs > now);
    return cookies
      .filter((cookie) => belongs(cookie, url))
      .toSorted((a, b) => b.path.length - a.path.length);
  };

  return {
    store: (url, setCookie) => {
      for (const line of setCookie) {
        const cookie = read(line, url, wall());
        if (!cookie) continue;
        const { name, domain, path } = cookie;
        const others = cookies.filter(
          (old) => old.name !== name || old.domain !== domain || old.path !== path,
        );
        cookies = [...others, cookie].slice(-mostCookies);
      }
    },
    header: (url) => {
      const pairs = matching(url).map(({ name, value }) => `${name}=${value}`);
      return pairs.length === 0 ? undefined : pairs.join("; ");
    },
    get: (url, name) => matching(url).find((cookie) => cookie.name === name)?.value,
  };
}

function read(line: string, url: URL, now: number): Cookie | undefined {
  const [pair = "", ...rest] = line.split(";");
  const split = pair.indexOf("=");
  const name = pair.slice(0, split).trim();
  const value = pair.slice(split + 1).trim();
  if (split < 1 || name === "" || line.length > longestCookie) return undefined;
  const attributes = new Map(
    rest.map((part) => {
      const [key = "", ...more] = part.split("=");
      return [key.trim().toLowerCase(), more.join("=").trim()] as const;
    }),
  );
  const host = url.hostname;
  const asked = attributes.get("domain")?.replace(/^\./, "").toLowerCase();
  const domain = asked || host;
  // One label alone is nobody's domain to share, unless it is the host itself.
  if (domain !== host && (!domain.includes(".") || !within(host, domain))) return undefined;
  const given = attributes.get("path");
  const path = given?.startsWith("/") ? given : defaultPath(url.pathname);
  const secure = attributes.has("secure");
  if (secure && !isTrusted(url)) return undefined;
  if (/^__secure-/i.test(name) && !secure) return undefined;
  if (/^__host-/i.test(name) && (!secure || asked !== undefined || path !== "/")) return undefined;
  const expiresAtMs = expiry(attributes, now);
  const cookie = { name, value, domain, hostOnly: !asked, path, secure };
  return expiresAtMs === undefined ? cookie : { ...cookie, expiresAtMs };
}

/** Max-Age is stronger than Expires. */
function expiry(attributes: ReadonlyMap<string, string>, now: number): number | undefined {
  const maxAge = attributes.get("max-age");
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1_000;
  const at = Date.parse((attributes.get("expires") ?? "").slice(0, longestDate));
  return Number.isNaN(at) ? undefined : at;
}

function belongs({ domain, hostOnly, path, secure }: Cookie, url: URL): boolean {
  if (hostOnly ? url.hostname !== domain : !within(url.hostname, domain)) return false;
  if (secure && !isTrusted(url)) return false;
  if (!url.pathname.startsWith(path)) return false;
  return (
    url.pathname.length === path.length || path.endsWith("/") || url.pathname[path.length] === "/"
  );
}

function within(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !/^[\d.]+$/.test(host));
}

function defaultPath(pathname: string): string {
  const last = pathname.lastIndexOf("/");
  return last < 1 ? "/" : pathname.slice(0, last);
}

/** As browsers do: this machine may be spoken to without TLS. */
function isTrusted({ protocol, hostname }: URL): boolean {
  return (
    protocol === "https:" ||
    hostname === "localhost" ||
    hostname === "[::1]" ||
    /^127\./.test(hostname)
  );
}
