// Writes one answer to a client in the framing that client understands, head and first piece at once.
import type { Socket } from "node:net";
import type { ResponseHead } from "../relay/messages.ts";

/** raw: as it came · unframe: chunks taken apart for HTTP/1.0 · frame: chunks made of a body without a length. */
type Mode = "raw" | "unframe" | "frame";

/** Head and small pieces are joined to one text; copying more costs more than a second write. */
const joinBytes = 8 * 1024;

export class AnswerWriter {
  /** Whether the head of the answer that counts has been taken. */
  begun = false;
  readonly #socket: Socket;
  #unsent = "";
  #mode: Mode = "raw";

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** @param tail lines of the connection, after those of the message. */
  begin(head: ResponseHead, isOld: boolean, tail: string): void {
    this.begun = true;
    this.#mode = "raw";
    let framing = "";
    if (isOld) this.#mode = head.framing === "chunked" ? "unframe" : "raw";
    else if (head.framing === "chunked") framing = "Transfer-Encoding: chunked\r\n";
    else if (head.framing === "close") {
      framing = "Transfer-Encoding: chunked\r\n";
      this.#mode = "frame";
    }
    this.#unsent = `${head.text}${framing}${tail}\r\n`;
  }

  piece(bytes: Buffer, at: number, end: number, data: readonly number[] | undefined): void {
    if (this.#mode === "frame") this.#frame(bytes, at, end);
    else if (this.#mode === "unframe") {
      for (let i = 0; i < (data?.length ?? 0); i += 2) {
        this.#write(bytes, data?.[i] ?? 0, data?.[i + 1] ?? 0);
      }
    } else this.#write(bytes, at, end);
  }

  /** Writes the head if it still waits; whether the client takes more now. */
  flush(): boolean {
    if (this.#unsent !== "") this.#socket.write(this.#unsent, "latin1");
    this.#unsent = "";
    return !this.#socket.writableNeedDrain;
  }

  /** Nothing more comes. */
  finish(trailers = ""): void {
    if (this.#mode === "frame") this.#unsent += `0\r\n${trailers}\r\n`;
    this.flush();
    this.begun = false;
    this.#mode = "raw";
  }

  #write(bytes: Buffer, at: number, end: number): void {
    const head = this.#unsent;
    this.#unsent = "";
    const socket = this.#socket;
    if (head !== "" && head.length + end - at <= joinBytes) {
      socket.write(head + bytes.toString("latin1", at, end), "latin1");
      return;
    }
    if (head !== "") socket.cork();
    if (head !== "") socket.write(head, "latin1");
    // The bytes are lent, and the socket may hold what it is given.
    socket.write(Buffer.from(bytes.subarray(at, end)));
    if (head !== "") socket.uncork();
  }

  #frame(bytes: Buffer, at: number, end: number): void {
    const socket = this.#socket;
    socket.cork();
    this.#unsent += `${(end - at).toString(16)}\r\n`;
    this.#write(bytes, at, end);
    socket.write("\r\n", "latin1");
    socket.uncork();
  }
}
