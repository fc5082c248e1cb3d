// One of many leads: who holds a lease, for as long as it can prove that it does.
import { hostname } from "node:os";
import { messageOf } from "../../kernel/errors.ts";
import { randomId } from "../../kernel/ids.ts";
import { anything, checkOptions, finiteAbove } from "../../policies/options.ts";
import type { Severity } from "../parts/bus.ts";
import { fatalDependency } from "../parts/dependency.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { asked, endsWithin } from "./asked.ts";
import { campaign } from "./campaign.ts";
import {
  type Ending,
  type Leader,
  type LeaderOptions,
  type LeaderState,
  type LeaderTold,
  type Times,
  timesOf,
} from "./leader-options.ts";
import { createReach, type Reach } from "./reach.ts";
import { beginTerm, type Term } from "./term.ts";
import { createWorks, repeated, type Works } from "./works.ts";

/**
 * Competes for a lease, once it was started, and does work while it has it.
 *
 * At no moment do two of them lead as long as the store keeps its word, clocks differ in speed by no
 * more than the margin pays for, and no process stands still for longer than what is left of it. A
 * process that does stand still (stopped, swapped out, its machine asleep, its event loop blocked)
 * cannot notice in time: the first thing that runs afterwards may still believe to lead. Against that
 * there is only the fencing token, checked by what is written to.
 *
 * ```ts
 * const leader = createLeader({ name: "billing", lease: fileLease("/var/lib/shop/billing") });
 * leader.every("send invoices", 60_000, (signal, token) => sendInvoices(signal, token));
 * leader.start();
 * ```
 * @throws OPTION_INVALID
 */
export function createLeader(options: LeaderOptions): Leader {
  return new Candidate(options);
}

class Candidate implements Leader {
  readonly name: string;
  readonly holder: string;
  readonly #options: LeaderOptions;
  readonly #around: Surroundings;
  readonly #times: Times;
  readonly #works: Works;
  readonly #reach: Reach;
  readonly #life = new AbortController();
  readonly #tell: (what: Told, severity: Severity, data?: Partial<LeaderTold>) => void;
  #term: Term | undefined;
  #lastToken = 0;
  #heldOffUntilMs = Number.NEGATIVE_INFINITY;
  #started = false;
  #stopped: Promise<void> | undefined;

  constructor(options: LeaderOptions) {
    this.#times = timesOf(options);
    this.#options = options;
    const { clock, random, log } = surroundings(options);
    this.name = options.name;
    this.holder = options.holder ?? `${hostname()}/${process.pid}/${randomId(random)}`;
    this.#around = { clock, random, log: log.child({ leader: this.name }) };
    this.#works = createWorks(this.#around.log);
    this.#reach = createReach(this.#around, this.#times.ttlMs, (cause) => this.#isolated(cause));
    this.#tell = voice(this.#around, options, this.holder, () => this.isLeader);
    options.stopping?.onStop(
      `leader ${this.name}`,
      "workers",
      () => this.stop(),
      this.#times.endMs + this.#times.renewMs,
    );
  }

  get state(): LeaderState {
    if (this.#stopped) return "stopped";
    if (!this.#started) return "idle";
    if (this.isLeader) return "leader";
    if (this.#heldOffMs() > 0) return "surrendered";
    return this.#reach.isIsolated ? "isolated" : "follower";
  }

  get isLeader(): boolean {
    return (this.#term?.leftMs ?? 0) > 0;
  }

  get token(): number | undefined {
    return this.isLeader ? this.#term?.token : undefined;
  }

  start(): void {
    if (this.#started || this.#stopped) return;
    this.#started = true;
    const self = this;
    const seat = {
      get term() {
        return self.#term;
      },
      get heldOffMs() {
        return self.#heldOffMs();
      },
      begin: (token: number, untilMs: number) => this.#begin(token, untilMs),
      giveBack: (token: number) => void this.#release(token),
    };
    const { holder } = this;
    const around = { ...this.#around, times: this.#times, reach: this.#reach };
    campaign({ ...around, lease: this.#options.lease, holder, seat }, this.#life.signal).catch(
      (error) => this.#around.log.error(`it stopped to compete: ${messageOf(error)}`, { error }),
    );
  }

  whenLeader: Leader["whenLeader"] = (work) => this.#works.add("work", work, this.#term);

  every: Leader["every"] = (name, ms, work, options = {}) => {
    const who = `leader ${this.name}: ${name}`;
    checkOptions(who, { ms, ...options }, { ms: finiteAbove(0), atOnce: anything });
    const job = { name, everyMs: ms, atOnce: options.atOnce ?? false };
    return this.#works.add(name, repeated(this.#around, job, work), this.#term);
  };

  async surrender(forMs: number = this.#times.ttlMs): Promise<void> {
    checkOptions(`leader ${this.name}: surrender`, { forMs }, { forMs: finiteAbove(0) });
    const untilMs = this.#around.clock.now() + forMs;
    this.#heldOffUntilMs = Math.max(this.#heldOffUntilMs, untilMs);
    await this.#stepDown("surrendered");
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stepDown("stopped");
    this.#life.abort();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #heldOffMs(): number {
    return this.#heldOffUntilMs - this.#around.clock.now();
  }

  #begin(token: number, untilMs: number): void {
    const { clock, log } = this.#around;
    if (token <= this.#lastToken) {
      log.error(`the fencing token did not grow: it was ${this.#lastToken}`, { token });
    }
    this.#lastToken = token;
    const term = beginTerm(clock, { token, untilMs }, (why) => this.#ended(token, why));
    this.#term = term;
    log.info("elected", { token });
    this.#tell("elected", "info", { token });
    // Who listened may have surrendered already.
    if (this.#term === term) this.#works.begin(term);
  }

  #ended(token: number, why: Ending): void {
    this.#term = undefined;
    const asWanted = why === "surrendered" || why === "stopped";
    this.#around.log[asWanted ? "info" : "warn"](`leadership is over: ${why}`, { token });
    this.#tell("lost", asWanted ? "info" : "warning", { token, why });
  }

  /** The lease is given up last: whoever comes next may begin at once. */
  async #stepDown(why: Ending): Promise<void> {
    const term = this.#term;
    const { clock, log } = this.#around;
    const { endMs } = this.#times;
    term?.end(why);
    const isOver = await endsWithin(clock, endMs, this.#works.idle());
    if (term && isOver) return this.#release(term.token);
    if (isOver) return;
    log.warn(`its work did not end within ${endMs} ms: the lease is left to run out`);
  }

  async #release(token: number): Promise<void> {
    const { clock, log } = this.#around;
    const { lease } = this.#options;
    const never = new AbortController().signal;
    const ask = () => lease.release(this.holder, token);
    const answer = await asked(clock, this.#times.renewMs, never, ask);
    if ("value" in answer) return;
    const { error } = answer;
    log.warn(`the lease is left to run out: ${messageOf(error)}`, { token, error });
  }

  #isolated(cause: unknown): void {
    const { stopping, lease, onIsolated } = this.#options;
    const message = `leader ${this.name}: ${lease.name} was not reached for over ${this.#times.ttlMs} ms`;
    this.#around.log.error(message, { error: cause });
    this.#tell("isolated", "critical");
    if (onIsolated === "die") stopping?.die(fatalDependency(message, { cause }));
  }
}

type Told = "elected" | "lost" | "isolated";

/** Tells the bus and counts; what a listener does is not the leader's business. */
function voice(
  { log }: Surroundings,
  { name, bus, metrics }: LeaderOptions,
  holder: string,
  isLeader: () => boolean,
): (what: Told, severity: Severity, data?: Partial<LeaderTold>) => void {
  const labels = { name };
  const help = "Whether this process leads";
  const leads = metrics?.gauge("leader", { help }).with(labels);
  const counts = {
    elected: metrics?.counter("leader_elected", { help: "Leaderships that began" }).with(labels),
    lost: metrics?.counter("leader_lost", { help: "Leaderships that ended" }).with(labels),
    isolated: metrics
      ?.counter("leader_isolated", {
        help: "Times the lease's store was out of reach for too long",
      })
      .with(labels),
  };
  leads?.set(0);
  for (const counter of Object.values(counts)) counter?.add(0);
  return (what, severity, data = {}) => {
    leads?.set(isLeader() ? 1 : 0);
    counts[what]?.add();
    const told: LeaderTold = { name, holder, ...data };
    try {
      bus?.publish({ type: `leader.${what}`, source: name, severity, data: told });
    } catch (error) {
      log.error(`leader.${what} could not be published: ${messageOf(error)}`, { error });
    }
  };
}
