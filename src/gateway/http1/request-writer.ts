// Writes one request to an instance: the head with the first piece of the body, then what comes.
import type { Socket } from "node:net";
import type { Job } from "../relay/exchange.ts";
import type { Taker } from "../relay/request-body.ts";

/** Head and small pieces are joined to one text; copying more costs more than a second write. */
const joinBytes = 8 * 1024;

export class RequestWriter implements Taker {
  /** Whether all of the request was given to the socket. */
  isSent = false;
  readonly #socket: Socket;
  readonly #onProgress: () => void;
  /** The head until it is written. */
  #unsent = "";

  constructor(socket: Socket, onProgress: () => void) {
    this.#socket = socket;
    this.#onProgress = onProgress;
  }

  send({ text, body }: Job): void {
    this.#unsent = text;
    this.isSent = body === undefined;
    body?.giveTo(this);
    if (this.#unsent !== "") this.#socket.write(this.#unsent, "latin1");
    this.#unsent = "";
  }

  take(piece: Buffer): boolean {
    const head = this.#unsent;
    this.#unsent = "";
    const socket = this.#socket;
    if (head === "") socket.write(piece);
    else if (head.length + piece.length <= joinBytes) {
      socket.write(head + piece.toString("latin1"), "latin1");
    } else {
      socket.cork();
      socket.write(head, "latin1");
      socket.write(piece);
      socket.uncork();
    }
    this.#onProgress();
    return !socket.writableNeedDrain;
  }

  takeEnd(): void {
    this.isSent = true;
    this.#onProgress();
  }
}
