// The features of a route at one request: each may hold it up, and all hear how it ended.
import type { Asked } from "./asked.ts";
import type { Deadline } from "./deadlines.ts";
import type { Account, Feature, Verdict } from "./feature.ts";
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
  /** While it is held up: given up when its client leaves. */
  #wait: Deadline | undefined;
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
      if (admission.kind !== "later") return void judge(to, admission);
      const { afterMs, verdict } = admission;
      this.#later(nowMs + afterMs, (laterMs) => {
        if (verdict) judge(to, verdict);
        else this.admit(to, laterMs, i + 1);
      });
      return;
    }
    to.pass(nowMs);
  }

  #later(atMs: number, goOn: (nowMs: number) => void): void {
    const { deadlines, clock } = this.#serving;
    this.#wait = deadlines.add(atMs, () => {
      if (!this.#isOver) goOn(clock.now());
    });
  }

  /** Told once; what comes later is not heard. */
  close(account: Omit<Account, "asked" | "startedAtMs" | "endedAtMs">): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wait?.cancel();
    const [asked, startedAtMs] = [this.#asked, this.#startedAtMs];
    const whole = { ...account, asked, startedAtMs, endedAtMs: this.#serving.clock.now() };
    for (const feature of this.#features) feature.ended?.(whole);
  }
}

function judge(to: Admitted, verdict: Verdict): void {
  if (verdict.kind === "reply") to.refuse(verdict.reply);
  else to.cut();
}
