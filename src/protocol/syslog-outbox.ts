// Messages on their way over a connection that may be away: a bounded queue, and dialling anew.

import { type Alarm, createAlarm } from "../kernel/alarm.ts";
import type { Backlog } from "../kernel/backlog.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Random } from "../kernel/random.ts";
import type { Dial, Link } from "./syslog-link.ts";

export interface Outbox {
  /** Sends what the backlog holds as soon as the connection takes it. */
  pump(): void;
  /** Resolves when all has left the process. */
  emptied(): Promise<void>;
  close(): void;
}

export interface OutboxOptions {
  readonly backlog: Backlog;
  readonly dial: Dial;
  readonly clock: Clock;
  readonly random: Random;
  /** An outage began; told once for each. */
  readonly away: (reason: Error) => void;
  /** The connection is there again, and has been for a while. */
  readonly back: () => void;
}

const dialLimitMs = 10_000;
/** A server that reads nothing for so long is left. */
const stallLimitMs = 30_000;
/**
 * A connection counts when it lasts so long: some are taken and closed at once, and over UDP it is
 * only heard after a message that nobody listens.
 */
const steadyMs = 2_000;
const retryMs = { first: 200, most: 30_000 };

/**
 * A message leaves the queue when the system has taken it: one that was under way when the
 * connection broke is sent again. What the system took and could not deliver is lost unseen; syslog
 * has no receipts.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  return new Sending(options);
}

// A class: its parts are one state machine, and call each other.
class Sending implements Outbox {
  readonly #options: OutboxOptions;
  readonly #limit: Alarm;
  readonly #retry: Alarm;
  readonly #steady: Alarm;
  #state: "down" | "pausing" | "dialling" | "open" | "full" | "closed" = "down";
  #link: Link | undefined;
  #underWay: Buffer[] = [];
  #waiting: (() => void)[] = [];
  /** Attempts since the connection last was steady. */
  #failures = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const { clock } = options;
    this.#limit = createAlarm(clock, () => this.#giveUp());
    this.#retry = createAlarm(clock, () => this.#again());
    this.#steady = createAlarm(clock, () => {
      if (this.#failures > 0) options.back();
      this.#failures = 0;
    });
  }

  pump(): void {
    if (this.#state === "open") this.#send();
    // In a pause after an outage the next attempt has its own time.
    else if (this.#state === "down") this.#dial();
  }

  emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      const away = this.#state === "down" || this.#state === "pausing";
      if (away && this.#options.backlog.size > 0) this.#dial();
      this.#link?.hold(true);
      this.#settle();
    });
  }

  close(): void {
    this.#state = "closed";
    for (const alarm of [this.#limit, this.#retry, this.#steady]) alarm.off();
    this.#link?.end();
    this.#link = undefined;
  }

  #dial(): void {
    this.#state = "dialling";
    this.#retry.off();
    this.#limit.ringIn(dialLimitMs);
    this.#link = this.#options.dial({
      ready: () => {
        this.#open("dialling");
        if (this.#failures > 0) this.#steady.ringIn(steadyMs);
      },
      drained: () => this.#open("full"),
      down: (reason) => this.#lost(reason),
    });
    if (this.#waiting.length > 0) this.#link.hold(true);
  }

  #open(from: "dialling" | "full"): void {
    if (this.#state !== from) return;
    this.#state = "open";
    this.#limit.off();
    this.#send();
  }

  #send(): void {
    while (this.#link && this.#state === "open") {
      const [message] = this.#options.backlog.take(1);
      if (!message) break;
      const underWay = this.#underWay;
      underWay.push(message);
      const goesOn = this.#link.write(message, () => {
        const index = underWay.indexOf(message);
        if (index >= 0) underWay.splice(index, 1);
        this.#settle();
      });
      if (goesOn || this.#state !== "open") continue;
      this.#state = "full";
      this.#limit.ringIn(stallLimitMs);
    }
    this.#settle();
  }

  #settle(): void {
    if (this.#options.backlog.size > 0 || this.#underWay.length > 0) return;
    for (const done of this.#waiting) done();
    this.#waiting = [];
    this.#link?.hold(false);
  }

  #giveUp(): void {
    const late = this.#state === "dialling" ? "no connection in 10 s" : "nothing was read for 30 s";
    this.#link?.end();
    this.#lost(new Error(late));
  }

  #lost(reason: Error): void {
    if (this.#state === "closed") return;
    const { backlog, random, away } = this.#options;
    this.#link = undefined;
    this.#state = "pausing";
    backlog.restore(this.#underWay);
    this.#underWay = [];
    this.#failures += 1;
    this.#limit.off();
    this.#steady.off();
    const mostMs = Math.min(retryMs.first * 2 ** (this.#failures - 1), retryMs.most);
    this.#retry.ringIn(mostMs * (0.5 + random() / 2));
    if (this.#failures === 1) away(reason);
  }

  #again(): void {
    if (this.#state !== "pausing") return;
    this.#state = "down";
    if (this.#options.backlog.size > 0) this.#dial();
  }
}
