// A small browser over fetch: cookies, redirects, forms, and the headers that mark a synthetic request.
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import type { CookieJar } from "./cookies.ts";
import { createPage, failed, type Page } from "./page.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Added to those that the path has. */
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as a form that no page was read for. */
  readonly form?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams | FormData;
  /** False: a redirect is answered as it came. */
  readonly follow?: boolean;
}

/** Paths stand on the base URL; whole URLs may be given too. */
export interface Client {
  readonly baseUrl: string;
  /** The value of a cookie that a request to `path` would carry. */
  cookie(name: string, path?: string): string | undefined;
  request(method: string, path: string, options?: RequestOptions): Promise<Page>;
  get(path: string, options?: RequestOptions): Promise<Page>;
  post(path: string, options?: RequestOptions): Promise<Page>;
  put(path: string, options?: RequestOptions): Promise<Page>;
  patch(path: string, options?: RequestOptions): Promise<Page>;
  delete(path: string, options?: RequestOptions): Promise<Page>;
}

export interface ClientOptions {
  readonly baseUrl: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly cookies: CookieJar;
  readonly signal: AbortSignal;
  readonly bodyBytesMax: number;
  /** Sent with each request, redirected ones too: the marker and a fresh `traceparent`. */
  readonly mark: () => Readonly<Record<string, string>>;
  /** Sent to the origin of the base URL alone, such as an authorization. */
  readonly headers: Readonly<Record<string, string>>;
  /** Hears of each request and how it went. */
  readonly sent: (line: string) => void;
}

type Body = string | URLSearchParams | FormData;

interface Hop {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body?: Body;
}

const mostRedirects = 10;
const redirecting: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function createClient(options: ClientOptions): Client {
  const { baseUrl, cookies } = options;
  const base = new URL(baseUrl);
  const resolve = (path: string): URL => {
    const url = URL.canParse(path) ? new URL(path) : joined(base, path);
    if (url.protocol === "http:" || url.protocol === "https:") return url;
    throw new HomeostatError("OPTION_INVALID", `"${path}" is not an http or https address`);
  };
  const request: Client["request"] = async (method, path, given = {}) => {
    const url = resolve(path);
    for (const [name, value] of Object.entries(given.query ?? {})) {
      url.searchParams.set(name, String(value));
    }
    const headers = new Headers(given.headers);
    const body = bodyOf(given, headers);
    const hop = { method: method.toUpperCase(), url, headers, ...(body !== undefined && { body }) };
    return follow(options, base, hop, given.follow ?? true, (verb, target, sent) =>
      request(verb, target, sent === undefined ? {} : { body: sent }),
    );
  };
  const by =
    (method: string): Client["get"] =>
    (path, given) =>
      request(method, path, given);
  return {
    baseUrl,
    cookie: (name, path = "") => cookies.get(resolve(path), name),
    request,
    get: by("GET"),
    post: by("POST"),
    put: by("PUT"),
    patch: by("PATCH"),
    delete: by("DELETE"),
  };
}

/** The path of the base URL is kept: "/cart" on "http://host/shop" is "http://host/shop/cart". */
function joined(base: URL, path: string): URL {
  const url = new URL(base);
  const [whole = "", query = ""] = path.split(/\?(.*)/s);
  url.pathname = `${base.pathname.replace(/\/$/, "")}/${whole.replace(/^\//, "")}`;
  url.search = query;
  return url;
}

async function follow(
  options: ClientOptions,
  base: URL,
  first: Hop,
  followed: boolean,
  send: (method: string, url: string, body?: URLSearchParams | FormData) => Promise<Page>,
): Promise<Page> {
  const startedAtMs = options.clock.now();
  const redirects: string[] = [];
  for (let hop = first; ; ) {
    const response = await exchange(options, base, hop);
    const location = response.headers.get("location");
    if (!followed || !redirecting.has(response.status) || location === null) {
      const { method, url } = hop;
      const text = await read(response, hop, options.bodyBytesMax);
      const latencyMs = options.clock.now() - startedAtMs;
      const { status, headers } = response;
      return createPage(
        { method, url: url.href, status, headers, text, latencyMs, redirects },
        send,
      );
    }
    await response.body?.cancel();
    redirects.push(hop.url.href);
    if (redirects.length > mostRedirects) {
      failed(named(first), `at most ${mostRedirects} redirects`, `one more, to ${location}`);
    }
    hop = redirected(hop, response.status, location);
  }
}

async function exchange(options: ClientOptions, base: URL, hop: Hop): Promise<Response> {
  const { clock, cookies, signal, sent } = options;
  const headers = new Headers(hop.url.origin === base.origin ? options.headers : {});
  for (const [name, value] of hop.headers) headers.set(name, value);
  for (const [name, value] of Object.entries(options.mark())) headers.set(name, value);
  const cookie = cookies.header(hop.url);
  if (cookie !== undefined && !headers.has("cookie")) headers.set("cookie", cookie);
  const startedAtMs = clock.now();
  const took = (): string => `${Math.round(clock.now() - startedAtMs)} ms`;
  const { method, body = null } = hop;
  try {
    signal.throwIfAborted();
    const init = { method, headers, body, signal, redirect: "manual" } as const;
    const response = await options.fetch(hop.url.href, init);
    sent(`${named(hop)} ${response.status} ${took()}`);
    cookies.store(hop.url, response.headers.getSetCookie());
    return response;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    sent(`${named(hop)} failed ${took()}`);
    return failed(named(hop), "an answer", messageOf(error));
  }
}

/** Fetch standard, HTTP-redirect fetch: what becomes of method, body and secrets. */
function redirected(hop: Hop, status: number, location: string): Hop {
  const { method, headers: old, body } = hop;
  if (!URL.canParse(location, hop.url.href)) {
    failed(named(hop), "a redirect to a URL", JSON.stringify(location));
  }
  const url = new URL(location, hop.url);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    failed(named(hop), "a redirect to http or https", url.protocol);
  }
  if (url.hash === "") url.hash = hop.url.hash;
  const headers = new Headers(old);
  if (url.origin !== hop.url.origin) {
    for (const secret of ["authorization", "cookie", "proxy-authorization"]) headers.delete(secret);
  }
  const turns =
    (status < 303 && method === "POST") ||
    (status === 303 && method !== "GET" && method !== "HEAD");
  if (!turns) return { method, url, headers, ...(body !== undefined && { body }) };
  for (const name of ["content-type", "content-language", "content-encoding"]) headers.delete(name);
  return { method: "GET", url, headers };
}

async function read(response: Response, hop: Hop, bytesMax: number): Promise<string> {
  if (!response.body) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > bytesMax) failed(named(hop), `a body of at most ${bytesMax} bytes`, "more");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function bodyOf(options: RequestOptions, headers: Headers): Body | undefined {
  const { json, form, body } = options;
  if ([json, form, body].filter((one) => one !== undefined).length > 1) {
    throw new HomeostatError("OPTION_INVALID", "give one of json, form and body");
  }
  if (form !== undefined) return new URLSearchParams(form);
  if (json === undefined) return body;
  if (!headers.has("content-type")) headers.set("content-type", "application/json");
  return JSON.stringify(json);
}

function named({ method, url }: Hop): string {
  return `${method} ${url.href}`;
}
