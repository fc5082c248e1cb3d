// Messages as bytes: JSON, with a limit on their size.
import { badMessage } from "./delivery.ts";
import type { Envelope } from "./envelope.ts";

/** 16 MiB. */
export const mostBytes = 16_777_216;

export function fromJson(bytes: Uint8Array, bytesMax: number = mostBytes): unknown {
  checkLength(bytes, bytesMax);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw badMessage("a message that is not JSON", error);
  }
}

export function checkLength({ length }: Uint8Array, bytesMax: number): void {
  if (length > bytesMax) throw badMessage(`a message of ${length} bytes, the limit is ${bytesMax}`);
}

export function toJson(message: Envelope | unknown): Buffer {
  try {
    // Nothing is no JSON; what is read from it is null.
    return Buffer.from(JSON.stringify(message) ?? "null");
  } catch (error) {
    throw badMessage("a message that cannot be written as JSON", error);
  }
}
