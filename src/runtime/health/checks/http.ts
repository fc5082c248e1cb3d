// Checks a web server or API by one GET over a connection of its own.
import type { ClientRequest, IncomingMessage } from "node:http";
import { builtin } from "../../../kernel/builtin.ts";
import { HomeostatError, messageOf } from "../../../kernel/errors.ts";
import type { Check } from "../../parts/health.ts";
import { fault } from "./conversation.ts";

export interface HttpCheckOptions {
  /** `http:` or `https:`. */
  readonly url: string | URL;
  /** The statuses that are healthy. Default: 200 to 399; redirects are not followed. */
  readonly status?: readonly number[];
  /** What the first 64 KiB of the body must contain. */
  readonly contains?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const mostBytes = 65_536;

/**
 * Healthy when the answer came whole, with a status and a body as expected. A kept connection would
 * hide that no new ones are accepted: each run opens one.
 * @throws OPTION_INVALID for what is no URL of http or https.
 */
export function httpCheck(given: string | URL | HttpCheckOptions): Check {
  const options = typeof given === "string" || given instanceof URL ? { url: given } : given;
  const url = parsed(options.url);
  const fits = (status: number): boolean =>
    options.status?.includes(status) ?? (status >= 200 && status < 400);
  return async ({ signal }) => {
    const { status, body } = await ask(url, options.headers ?? {}, signal);
    if (!fits(status)) throw new Error(`status ${status}`);
    if (options.contains !== undefined && !body.includes(options.contains)) {
      throw new Error(`status ${status}, but the body does not contain what it should`);
    }
    return true;
  };
}

function parsed(given: string | URL): URL {
  const url = URL.parse(String(given));
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new HomeostatError("OPTION_INVALID", "an http check needs a URL of http or https");
}

interface Heard {
  readonly status: number;
  readonly body: string;
}

async function ask(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Heard> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Heard>();
  const request = send(url, headers);
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  // A check does not keep the app alive.
  request.on("socket", (socket) => socket.unref());
  request.on("error", (error) => reject(new Error(broken(error))));
  request.on("response", (response) => read(response, resolve, reject));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    request.destroy();
  }
}

function send(url: URL, headers: Record<string, string>): ClientRequest {
  const { get } = builtin(url.protocol === "https:" ? "node:https" : "node:http");
  const sent = { "user-agent": "homeostat-health", connection: "close", ...headers };
  return get(url, { agent: false, headers: sent });
}

function read(
  response: IncomingMessage,
  resolve: (heard: Heard) => void,
  reject: (error: Error) => void,
): void {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let bytes = 0;
  const done = (): void => {
    resolve({ status, body: Buffer.concat(chunks).toString("utf8", 0, mostBytes) });
  };
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= mostBytes) done();
  });
  response.on("end", done);
  response.on("error", (error) => reject(new Error(broken(error))));
}

function broken(error: Error & { readonly code?: string }): string {
  if (error.code?.startsWith("HPE_")) return `the answer is not HTTP (${error.code})`;
  if (error.code?.startsWith("ERR_TLS") || error.code?.includes("CERT")) return messageOf(error);
  return fault(error);
}
