// The corpus as a whole, and how one of its messages is sent.
import { connect } from "node:net";
import type { Case } from "./case.ts";
import { chunkCases } from "./chunks.ts";
import { fieldCases } from "./fields.ts";
import { framingCases } from "./framing.ts";
import { lineCases } from "./lines.ts";

export const corpus: readonly Case[] = [
  ...lineCases,
  ...fieldCases,
  ...framingCases,
  ...chunkCases,
];

export interface Came {
  /** Of each answer, in order. */
  readonly statuses: readonly number[];
  /** Whether the other side ended the connection. */
  readonly closed: boolean;
}

/** After the answers that were expected: so long may one come that was not. */
const surpriseMs = 10;

/**
 * Sends bytes on a connection of their own; ends when the other side does, a moment after `enough`
 * answers, or after `limitMs`.
 */
export function send(port: number, text: string, enough: number, limitMs: number): Promise<Came> {
  return new Promise((resolve) => {
    let received = "";
    let settling = false;
    const socket = connect({ port, host: "127.0.0.1" });
    const came = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      const lines = received.matchAll(/HTTP\/1\.[01] ([2-5]\d\d)/g);
      resolve({ statuses: [...lines].map((line) => Number(line[1])), closed });
    };
    const timer = setTimeout(() => came(false), limitMs);
    socket.setEncoding("latin1").on("data", (chunk) => {
      received += chunk;
      const answers = received.match(/HTTP\/1\.[01] [2-5]/g)?.length ?? 0;
      if (answers < enough || settling) return;
      settling = true;
      setTimeout(() => came(false), surpriseMs);
    });
    socket.on("error", () => came(true)).on("end", () => came(true));
    socket.write(text, "latin1");
  });
}
