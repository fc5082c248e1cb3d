// One copy of a request on its way to the shadow: nobody waits for it, and nobody reads its answer.
import type { Asked } from "../relay/asked.ts";
import type { Answering, Ending, Job, RawInstance } from "../relay/exchange.ts";
import type { Carrier } from "../relay/home.ts";
import type { ResponseHead } from "../relay/messages.ts";
import type { Member } from "../relay/sweep.ts";

const mark = "x-homeostat-shadow: 1\r\n\r\n";

export class Copy implements Job, Answering, Member {
  readonly method: string;
  readonly text: string;
  readonly upgrades = false;
  readonly body = undefined;
  readonly answer: Answering = this;
  readonly unframes = false;
  readonly dueAtMs: number;
  readonly timeoutMs: number;
  readonly #onEnd: (ending: Ending) => void;
  #carrier: Carrier | undefined;
  #isOver = false;

  /** `onEnd` is called once. */
  constructor(
    { head }: Asked,
    dueAtMs: number,
    timeoutMs: number,
    onEnd: (ending: Ending) => void,
  ) {
    this.method = head.method;
    this.text = head.text.slice(0, -2) + mark;
    this.dueAtMs = dueAtMs;
    this.timeoutMs = timeoutMs;
    this.#onEnd = onEnd;
  }

  send(carrier: Carrier): void {
    if (!this.#isOver) this.#carrier = carrier;
  }

  /** An answer that takes too long is given up, also one that has begun. */
  onDue(): void {
    this.#carrier?.giveUp("gone");
  }

  ended(ending: Ending): void {
    this.#isOver = true;
    this.#carrier = undefined;
    this.#onEnd(ending);
  }

  /** It is sent once, whatever happens. */
  mayLeave(): boolean {
    return false;
  }

  interim(_head: ResponseHead): void {}

  begin(_head: ResponseHead): void {}

  piece(_bytes: Buffer, _at: number, _end: number, _data: readonly number[] | undefined): void {}

  flush(_resume: () => void): boolean {
    return true;
  }

  finish(): void {}

  handOver(_head: ResponseHead, _instance: RawInstance, onEnd: () => void): void {
    onEnd();
  }
}
