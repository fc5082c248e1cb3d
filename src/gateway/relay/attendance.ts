// The features of a route at one request: each may hold it up, and all hear how it ended.
import type { Asked } from "./asked.ts";
import type { Account, Feature } from "./feature.ts";
import type { Reply } from "./replies.ts";
import type { Serving } from "./serving.ts";

/** What becomes of a request that was asked about. */
export interface Admitted {
  pass(nowMs: number): void;
  refuse(reply: Reply): void;
  cut(): void;
}

export class Attendance {
  readonly #serving: Serving;
  readonly #features: readonly Feature[];
  readonly #asked: Asked;
  readonly #startedAtMs: number;
  #isOver = false;

  constructor(serving: Serving, asked: Asked, startedAtMs: number) {
    this.#serving = serving;
    this.#features = serving.features.active;
    this.#asked = asked;
    this.#startedAtMs = startedAtMs;
  }

  /** Asks each feature from the one at `from` on; exactly one of `to` is called, now or later. */
  admit(to: Admitted, nowMs: number, from = 0): void {
    const features = this.#features;
    for (let i = from; i < features.length; i++) {
      const admission = features[i]?.admit?.(this.#asked, nowMs);
      if (!admission) continue;
      if (admission.kind === "later") this.#admitLater(to, nowMs + admission.afterMs, i + 1);
      else if (admission.kind === "reply") to.refuse(admission.reply);
      else to.cut();
      return;
    }
    to.pass(nowMs);
  }

  #admitLater(to: Admitted, atMs: number, from: number): void {
    const { deadlines, clock } = this.#serving;
    deadlines.add(atMs, () => {
      if (!this.#isOver) this.admit(to, clock.now(), from);
    });
  }

  /** Told once; what comes later is not heard. */
  close(account: Omit<Account, "asked" | "startedAtMs" | "endedAtMs">): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const [asked, startedAtMs] = [this.#asked, this.#startedAtMs];
    const whole = { ...account, asked, startedAtMs, endedAtMs: this.#serving.clock.now() };
    for (const feature of this.#features) feature.ended?.(whole);
  }
}
