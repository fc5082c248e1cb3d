// An answer on its way to a client, with a field of the gateway's own.
import type { RawInstance } from "./exchange.ts";
import type { ResponseHead } from "./messages.ts";
import type { Reply } from "./replies.ts";
import type { Client } from "./serving.ts";

export class MarkedAnswer implements Client {
  readonly #client: Client;
  readonly #line: string;

  /** @param line with its line end. */
  constructor(client: Client, line: string) {
    this.#client = client;
    this.#line = line;
  }

  get unframes(): boolean {
    return this.#client.unframes;
  }

  begin(head: ResponseHead): void {
    this.#client.begin(this.#marked(head));
  }

  handOver(head: ResponseHead, instance: RawInstance, onEnd: () => void): void {
    this.#client.handOver(this.#marked(head), instance, onEnd);
  }

  interim(head: ResponseHead): void {
    this.#client.interim(head);
  }

  piece(bytes: Buffer, at: number, end: number, data: readonly number[] | undefined): void {
    this.#client.piece(bytes, at, end, data);
  }

  flush(resume: () => void): boolean {
    return this.#client.flush(resume);
  }

  finish(trailers?: string): void {
    this.#client.finish(trailers);
  }

  reply(reply: Reply): void {
    this.#client.reply(reply);
  }

  cut(): void {
    this.#client.cut();
  }

  done(): void {
    this.#client.done();
  }

  ask(): void {
    this.#client.ask();
  }

  #marked(head: ResponseHead): ResponseHead {
    return { ...head, text: head.text + this.#line };
  }
}
