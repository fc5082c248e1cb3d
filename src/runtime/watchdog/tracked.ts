// One watched thing: its runs, its state, and what becomes of it when it is lost.
import { messageOf } from "../../kernel/errors.ts";
import { type Entry, errorField, type Loss, lossError, type State } from "./entry.ts";
import type { End, Run } from "./kinds.ts";
import { nextRestart, noRestarts, type Verdict } from "./policy.ts";
import type { Home, Settings } from "./tracked-given.ts";

// A class: its state moves on in a dozen small steps that all share it.
export class Tracked {
  readonly settings: Settings;
  readonly #home: Home;
  #state: State = "pending";
  #since: number;
  #pendingAt = 0;
  #run: Run | undefined;
  /** Which run it is: what an earlier one still tells is not heard. */
  #turn = 0;
  #past = noRestarts();
  #restarts = 0;
  #lastLoss: Loss | undefined;
  #cancelRestart: (() => void) | undefined;

  constructor(home: Home, settings: Settings) {
    this.#home = home;
    this.settings = settings;
    this.#since = home.clock.wall();
  }

  get state(): State {
    return this.#state;
  }

  get restarts(): number {
    return this.#restarts;
  }

  get entry(): Entry {
    const { id, name, kind, site } = this.settings;
    const last = this.#lastLoss;
    return {
      id,
      name,
      kind,
      state: this.#state,
      since: iso(this.#since),
      site,
      restarts: this.#restarts,
      ...(last && { lastLoss: { reason: last.reason, time: last.time } }),
    };
  }

  /** When `look` is due, on the clock. */
  get dueAt(): number {
    const isPending = this.#state === "pending";
    return isPending ? this.#pendingAt + this.settings.startMs : Number.POSITIVE_INFINITY;
  }

  begin(): void {
    const mine = ++this.#turn;
    this.#become("pending");
    this.#pendingAt = this.#home.clock.now();
    const tell = {
      started: () => void (mine === this.#turn && this.#started()),
      ended: (end: End) => void (mine === this.#turn && this.#ended(end)),
    };
    try {
      this.#run = this.settings.begin(tell, this.settings.again);
      // It may have told of its end while it was begun.
      if (this.#state === "untracked") this.#run.release();
    } catch (error) {
      const reason = `could not be started: ${messageOf(error)}`;
      this.#ended({ reason, clean: false, error });
    }
  }

  /** A sign of life of something that ends without a word: it brings a lost one back. */
  alive(): void {
    if (this.#state === "pending") this.#started();
    else if (this.#state === "lost" || this.#state === "given-up") this.#back();
  }

  #back(): void {
    this.#home.log.info(`${this.#what} is back`, { entry: this.settings.id });
    this.#become("running");
  }

  /** It has given no sign of life for too long. */
  silent(reason: string): void {
    if (this.#state === "running" && !this.#home.isStopping()) this.#lose(reason);
  }

  /** Looks whether it has started in time; `creditMs` were lost to this process standing still. */
  look(creditMs: number): void {
    if (this.#state !== "pending" || this.#home.isStopping()) return;
    this.#run?.look?.();
    this.#pendingAt += creditMs;
    if (this.#home.clock.now() < this.dueAt) return;
    this.#lose(`not started within ${this.settings.startMs} ms`);
  }

  /** Ends the thing when the watchdog made it. */
  async end(): Promise<void> {
    this.#cancelRestart?.();
    await this.#run?.end?.();
  }

  untrack(abort: boolean): void {
    if (abort) this.#run?.abort?.();
    if (this.#state === "untracked") return;
    this.#become("untracked");
    this.#cancelRestart?.();
    this.#run?.release();
    this.#home.gone(this.settings.id);
  }

  get #what(): string {
    return `${this.settings.kind} ${this.settings.id}`;
  }

  #become(state: State): void {
    this.#state = state;
    this.#since = this.#home.clock.wall();
  }

  #started(): void {
    if (this.#state !== "pending") return;
    const { id, name, kind, site } = this.settings;
    const restarts = this.#restarts;
    this.#become("running");
    if (restarts === 0) {
      this.#home.log.debug(`${this.#what} runs`, { entry: id, site });
      return;
    }
    this.#home.log.info(`${this.#what} runs again`, { entry: id, restarts });
    this.#home.publish("watchdog.restarted", "info", { id, name, kind, restarts });
  }

  #ended({ reason, clean, error }: End): void {
    const { log, isStopping } = this.#home;
    const fields = { entry: this.settings.id, ...errorField(error) };
    if (this.#state !== "pending" && this.#state !== "running") {
      log.debug(`${this.#what}, after its end: ${reason}`, fields);
    } else if (isStopping() || (clean && this.settings.cleanEnd === "fine")) {
      log[isStopping() ? "debug" : "info"](`${this.#what} ended: ${reason}`, fields);
      this.untrack(false);
    } else {
      this.#lose(reason, error);
    }
  }

  #lose(reason: string, error?: unknown): void {
    this.#become("lost");
    const { id, name, kind, site } = this.settings;
    const told = { id, name, kind, reason, site, restarts: this.#restarts };
    const loss = { ...told, time: iso(this.#since), ...errorField(error) };
    this.#lastLoss = loss;
    this.#home.lost(loss);
    void this.#judge(loss);
  }

  async #judge(loss: Loss): Promise<void> {
    const turn = this.#turn;
    const { policy } = this.settings;
    let verdict: Verdict;
    try {
      // Not awaited unless it must be: a loss is answered in the turn of the loop that it is known.
      const answer = typeof policy === "function" ? policy(loss) : policy;
      verdict = (typeof answer === "object" ? await answer : answer) ?? "ignore";
    } catch (error) {
      const message = `the policy of ${this.#what} failed: ${messageOf(error)}`;
      this.#home.log.error(message, { entry: loss.id, error });
      verdict = "die";
    }
    if (this.#state !== "lost" || this.#turn !== turn) return;
    if (verdict === "restart") this.#restart(loss);
    else if (verdict === "die") this.#home.die(lossError(loss));
  }

  #restart(loss: Loss): void {
    const { clock, log, random, pulse } = this.#home;
    const { id, plan, again } = this.settings;
    if (!again) {
      log.error(`${this.#what} cannot be restarted: it was handed over ready-made`, { entry: id });
      this.#home.die(lossError(loss));
      return;
    }
    const next = nextRestart(plan, this.#past, clock.now(), random);
    if (!next) {
      this.#giveUp(loss);
      return;
    }
    this.#past = next.past;
    this.#become("restarting");
    this.#endQuietly();
    log.warn(`${this.#what} is restarted in ${Math.round(next.afterMs)} ms`, { entry: id });
    // Holds the process: one that has nothing left but this restart must not end with code 0.
    this.#cancelRestart = pulse.after(next.afterMs, () => {
      if (this.#state === "restarting") this.#beginAgain();
    });
  }

  #beginAgain(): void {
    if (this.#home.isStopping()) {
      this.untrack(false);
      return;
    }
    this.#restarts += 1;
    this.begin();
  }

  /** One that never started, or hangs, must not go on beside the one that replaces it. */
  #endQuietly(): void {
    const { log } = this.#home;
    this.#run?.abort?.();
    (async () => this.#run?.end?.())().catch((error: unknown) => {
      log.warn(`${this.#what} could not be ended: ${messageOf(error)}`, { error });
    });
  }

  #giveUp(loss: Loss): void {
    const { id, name, kind, plan } = this.settings;
    this.#become("given-up");
    const message = `${this.#what} is given up: ${plan.max} restarts in ${plan.windowMs} ms`;
    this.#home.log.error(message, { entry: id });
    this.#home.publish("watchdog.given_up", "critical", { id, name, kind, reason: loss.reason });
    if (plan.whenSpent === "die") this.#home.die(lossError(loss));
  }
}

function iso(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
