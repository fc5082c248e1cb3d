// What a run has written since a place in its log: whole lines, so many as are read at once.
import { readAt } from "../platforms/log/read.ts";

const chunkBytes = 65_536;

export interface LogPiece {
  readonly text: string;
  /** Where the next piece begins. */
  readonly toByte: number;
}

/** Bytes that are in archives by now are passed over. */
export function readPiece(path: string, fromByte: number): LogPiece {
  const buffer = Buffer.alloc(chunkBytes);
  const read = readAt(path, fromByte, buffer);
  if (read.kind === "none") return { text: "", toByte: fromByte };
  if (read.kind !== "bytes") return { text: "", toByte: read.start };
  const lines = buffer.subarray(0, read.bytes).lastIndexOf(10) + 1;
  // A line that is longer than all of this is looked through in pieces.
  const bytes = lines === 0 && read.bytes === chunkBytes ? read.bytes : lines;
  return { text: buffer.toString("utf8", 0, bytes), toByte: fromByte + bytes };
}
