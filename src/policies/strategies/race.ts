// One call that is hedged: the timer for its next attempt, the attempts, and the end of those that lost.
import type { HomeostatError } from "../../kernel/errors.ts";
import { stackless } from "../../kernel/stackless.ts";
import type { Expiring, Lane, Ticket } from "../engine/ticker.ts";
import { errorOf } from "../rejection.ts";
import type { RetryBudget } from "../retry/budget.ts";
import { type Call, type Exited, held } from "../strategy.ts";

/** What all races of one strategy share. */
export interface RaceRules extends Expiring {
  /** Where races wait for their next attempt; undefined until the delay is learned. */
  readonly lane: Lane | undefined;
  readonly hedges: number;
  readonly budget: RetryBudget | undefined;
  /** The first attempt of a call ended well, or was beaten. */
  learn(ticket: Ticket): void;
  tell(event: "hedge" | "retry-budget-spent", call: Call, hedge: number): void;
}

/** Begun when the first delay has passed: most calls never become one. */
export class Race {
  readonly #rules: RaceRules;
  /** The timer of the next attempt. */
  readonly ticket: Ticket;
  /** The first attempt failed: the result is that of the last of the others. */
  #failed = false;
  readonly #hedges = new Hedges();

  constructor(rules: RaceRules, ticket: Ticket) {
    this.#rules = rules;
    this.ticket = ticket;
  }

  /** The delay has passed without a result. */
  hedge(): void {
    const { call } = this.ticket;
    const rules = this.#rules;
    const made = this.#hedges.made + 1;
    if (rules.budget !== undefined && !rules.budget.withdraw(call.key)) {
      call.counters.rejected.budget += 1;
      rules.tell("retry-budget-spent", call, made);
      return;
    }
    call.counters.hedges += 1;
    rules.tell("hedge", call, made);
    if (made < rules.hedges) rules.lane?.add(this.ticket);
    this.#launch();
  }

  /** The first attempt has ended, or the whole call. */
  exit(ok: boolean, value: unknown): Exited {
    const { call } = this.ticket;
    if (!ok && !call.unwinding && this.#hedges.isOn) {
      this.#failed = true;
      return held;
    }
    this.#leave();
    if (ok && !call.unwinding) this.#rules.learn(this.ticket);
    this.#hedges.end(call.unwinding ? errorOf(value) : beaten());
    return undefined;
  }

  /** The first attempt is waited for, the others end at once. */
  stop(reason: unknown): void {
    this.#leave();
    this.#hedges.end(errorOf(reason));
  }

  #launch(): void {
    const hedges = this.#hedges;
    const { call, level } = this.ticket;
    const control = hedges.next();
    call.fork(level, control.signal).then(
      (value) => {
        hedges.ended(control);
        if (hedges.over) return;
        this.#leave();
        if (!this.#failed) this.#rules.learn(this.ticket);
        const loss = beaten();
        hedges.end(loss);
        call.settle(level, true, value, loss);
      },
      (error) => {
        hedges.ended(control);
        if (hedges.over || hedges.isOn || !this.#failed) return;
        this.#leave();
        hedges.over = true;
        call.settle(level, false, error);
      },
    );
  }

  #leave(): void {
    this.ticket.lane?.remove(this.ticket);
  }
}

/** The attempts beside the first. */
class Hedges {
  readonly #running = new Set<AbortController>();
  made = 0;
  over = false;

  next(): AbortController {
    const control = new AbortController();
    this.#running.add(control);
    this.made += 1;
    return control;
  }

  ended(control: AbortController): void {
    this.#running.delete(control);
  }

  get isOn(): boolean {
    return this.#running.size > 0 && !this.over;
  }

  /** Aborts those that run. */
  end(reason: unknown): void {
    if (this.over) return;
    this.over = true;
    for (const control of this.#running) control.abort(reason);
  }
}

function beaten(): HomeostatError {
  return stackless("CANCELLED", "another attempt was faster");
}
