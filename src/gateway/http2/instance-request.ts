// A request of HTTP/1.1 as an instance that speaks HTTP/2 gets it, and its body without framing.
import type { ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import type { ChunkReader } from "../http1/chunks.ts";
import type { Taker } from "../relay/request-body.ts";
import { addLines, noFields } from "./fields.ts";

export interface InstanceRequest {
  readonly fields: OutgoingHttpHeaders;
  readonly isChunked: boolean;
}

/** @param text a head that `readRequest` has written. */
export function requestOf(text: string): InstanceRequest {
  const lineEnd = text.indexOf("\r\n");
  const [method = "", path = ""] = text.slice(0, lineEnd).split(" ");
  const fields = noFields();
  addLines(fields, text, lineEnd + 2);
  const { host, ...others } = fields;
  const pseudo = { ":method": method, ":scheme": "http", ":path": path };
  return {
    // Trailers go on from here, and servers of gRPC want to hear that.
    fields: { ...pseudo, ...(host ? { ":authority": host } : {}), ...others, te: "trailers" },
    isChunked: /\r\nTransfer-Encoding: chunked\r\n/.test(text),
  };
}

/** Writes the body: chunks are taken apart, for DATA frames are chunks of their own kind. */
export class RequestFrames implements Taker {
  /** Whether all of the request was given to the stream. */
  isSent = false;
  readonly #stream: ClientHttp2Stream;
  readonly #chunks: ChunkReader | undefined;
  readonly #onProgress: () => void;

  constructor(stream: ClientHttp2Stream, chunks: ChunkReader | undefined, onProgress: () => void) {
    this.#stream = stream;
    this.#chunks = chunks;
    this.#onProgress = onProgress;
    stream.on("wantTrailers", () => {
      if (!stream.closed) stream.sendTrailers(this.#trailers);
    });
  }

  take(piece: Buffer): boolean {
    for (const data of this.#dataOf(piece)) this.#stream.write(data);
    this.#onProgress();
    return !this.#stream.writableNeedDrain;
  }

  takeEnd(): void {
    this.isSent = true;
    this.#stream.end();
    this.#onProgress();
  }

  /** The data of a piece whose framing has been checked already. */
  #dataOf(piece: Buffer): readonly Buffer[] {
    const chunks = this.#chunks;
    if (chunks === undefined) return [piece];
    const places: number[] = [];
    chunks.data = places;
    chunks.take(piece, 0, piece.length);
    const data: Buffer[] = [];
    for (let i = 0; i < places.length; i += 2) data.push(piece.subarray(places[i], places[i + 1]));
    return data;
  }

  get #trailers(): OutgoingHttpHeaders {
    const fields = noFields();
    addLines(fields, this.#chunks?.trailers ?? "", 0);
    return fields;
  }
}
