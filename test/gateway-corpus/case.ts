// One message of the corpus: what is sent, and what has to come of it.

export interface Case {
  readonly name: string;
  /** Bytes, as latin1. */
  readonly send: string;
  /** Of the first answer. */
  readonly status: number;
  /** How many requests an instance gets to see. */
  readonly reached: number;
}

const host = "Host: shop.example\r\n";

/** A request of these lines, which is to be refused; nothing of it reaches an instance. */
export function refused(name: string, send: string, status = 400): Case {
  return { name, send, status, reached: 0 };
}

/** A request that goes through, or several. */
export function passed(name: string, send: string, reached = 1): Case {
  return { name, send, status: 200, reached };
}

/** GET with these lines after Host; each ends with CR LF by itself. */
export function get(...lines: readonly string[]): string {
  return `GET /corpus HTTP/1.1\r\n${host}${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
}

export function post(body: string, ...lines: readonly string[]): string {
  const head = lines.map((line) => `${line}\r\n`).join("");
  return `POST /corpus HTTP/1.1\r\n${host}${head}\r\n${body}`;
}

/** A chunked POST with this body. */
export function chunked(body: string): string {
  return post(body, "Transfer-Encoding: chunked");
}

/** What a smuggler wants an instance to see. */
export const smuggled = "GET /smuggled HTTP/1.1\r\nHost: shop.example\r\n\r\n";

export function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}

/** Control bytes but for tab, LF and CR, which mean something in a head. */
export const controls: readonly number[] = [
  ...Array.from({ length: 32 }, (_, byte) => byte).filter((byte) => ![9, 10, 13].includes(byte)),
  0x7f,
];
