// What the shop's customers want and how they ask for it; the same seed brings the same wishes.
import { type Agent, type ClientRequest, request } from "node:http";

const PRODUCTS = 100;
const DEGRADED = 'data-recommendations="off"';

export interface Wish {
  readonly path: string;
  /** The JSON body of a POST. */
  readonly order?: Buffer;
}

/** 60 % look at the home page, 25 % at a product, 15 % buy one to three of them. */
export function nextWish(random: () => number): Wish {
  const kind = random();
  const product = (): number => 1 + Math.floor(random() * PRODUCTS);
  if (kind < 0.6) return { path: "/" };
  if (kind < 0.85) return { path: `/product/${product()}` };
  const items = Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
    id: product(),
    qty: 1 + Math.floor(random() * 3),
  }));
  return { path: "/checkout", order: Buffer.from(JSON.stringify({ items })) };
}

/**
 * Sends the wish; `ended` is called with the status, or with the error that came in its place
 * ("ECONNRESET"), and may be called more than once when a connection breaks. Nothing is sent twice.
 */
export function send(
  baseUrl: string,
  { path, order }: Wish,
  agent: Agent,
  ended: (status: number | string, degraded?: boolean) => void,
): ClientRequest {
  const headers = order && { "content-type": "application/json", "content-length": order.length };
  const method = order ? "POST" : "GET";
  const sent = request(new URL(path, baseUrl), { agent, method, ...(headers && { headers }) });
  const broken = (error: NodeJS.ErrnoException): void => ended(error.code ?? error.message);
  sent.on("error", broken);
  sent.on("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", broken);
    response.on("end", () =>
      ended(response.statusCode ?? "no status", Buffer.concat(chunks).includes(DEGRADED)),
    );
  });
  sent.end(order);
  return sent;
}

/** Numbers in [0, 1) from a seed: xorshift32, George Marsaglia, 2003. */
export function chance(seed: number): () => number {
  // Small seeds have few bits set, and the first numbers would show it.
  let state = Math.imul(seed + 1, 0x9e3779b1) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}
