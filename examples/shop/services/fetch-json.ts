// Asks another service for JSON over kept-alive connections, with a time limit on every call.
import { Agent, request } from "node:http";

const MAX_SOCKETS = 256;
const MAX_BODY_BYTES = 1024 * 1024;
const agent: Agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });

export interface JsonAnswer {
  readonly status: number;
  /** Answered by Homeostat in place of a service that it has switched to degraded. */
  readonly degraded: boolean;
  readonly body: unknown;
}

export interface Call {
  readonly timeoutMs: number;
  /** Sent as JSON by POST; without it the call is a GET. */
  readonly post?: unknown;
}

/**
 * Rejects when there is no whole answer within `timeoutMs`. A GET on a kept connection that the
 * other side had just closed is sent once more, as browsers do; a POST never is.
 */
export async function fetchJson(url: string, call: Call): Promise<JsonAnswer> {
  const signal = AbortSignal.timeout(call.timeoutMs);
  try {
    return await once(url, call, signal);
  } catch (error) {
    const stale = error instanceof StaleConnection && call.post === undefined;
    if (stale && !signal.aborted) return await once(url, call, signal);
    if (signal.aborted) throw new Error(`${url}: no answer within ${call.timeoutMs} ms`);
    throw new Error(`${url}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

class StaleConnection extends Error {}

function once(url: string, { post }: Call, signal: AbortSignal): Promise<JsonAnswer> {
  return new Promise((resolve, reject) => {
    const bytes = post === undefined ? undefined : Buffer.from(JSON.stringify(post));
    const headers = bytes && { "content-type": "application/json", "content-length": bytes.length };
    const asked = request(url, { agent, signal, method: bytes ? "POST" : "GET", headers });
    asked.on("error", (error) => {
      const reset = (error as NodeJS.ErrnoException).code === "ECONNRESET";
      reject(asked.reusedSocket && reset ? new StaleConnection(error.message) : error);
    });
    asked.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (text.length > MAX_BODY_BYTES) asked.destroy(new Error("the answer is too long"));
      });
      response.on("error", reject);
      response.on("end", () => {
        try {
          const degraded = response.headers["x-homeostat-degraded"] !== undefined;
          resolve({ status: response.statusCode ?? 0, degraded, body: JSON.parse(text || "null") });
        } catch {
          reject(new Error(`status ${response.statusCode} without JSON`));
        }
      });
    });
    asked.end(bytes);
  });
}
