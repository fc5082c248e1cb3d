// Leaves a host out for a while that fails more than its fellows.
import { systemClock } from "../../kernel/clock.ts";
import { failureOf } from "../blame.ts";
import { type Ticker, tickerOf } from "../engine/ticker.ts";
import { events, type PolicyEvent } from "../events.ts";
import { Lru } from "../lru.ts";
import { answered } from "../options.ts";
import { errorOf, Rejection } from "../rejection.ts";
import type { Call, Entered, HookStrategy, Strategy } from "../strategy.ts";
import { Host, outliersOf, type Stint } from "./host.ts";
import { type OutlierOptions, type OutlierRules, rulesOf } from "./outlier-options.ts";

export type { OutlierOptions };

/** For all pipelines that are given it: they share what is known of the hosts. */
export interface OutlierEjection extends HookStrategy {
  /** Hosts that calls are refused to now. */
  readonly ejected: readonly string[];
  isEjected(host: string): boolean;
  /**
   * One of these hosts that is not ejected, each in turn; undefined when all are. Name all hosts there
   * are: it is their number that `maxEjectedShare` is a share of.
   */
  pick(hosts: readonly string[]): string | undefined;
}

/**
 * A host is ejected after so many failures in a row, or, when hosts are compared, with a success rate
 * below mean - factor × standard deviation of all. The nth ejection in a row lasts n × base; one is
 * forgiven for each interval that it stays in. A call to an ejected host is refused with reason
 * "ejected". It has no timer: comparisons and returns happen with the next call or question.
 *
 * Source of the rules: Envoy, "Outlier detection". Other than Envoy it needs a `minimumGap`, as among
 * hosts that hardly fail a single failure is many deviations away, it never ejects more than the
 * share (so never an only host), and results of calls begun before an ejection do not count after it.
 */
export function outlierEjection<Bound = unknown>(
  options: OutlierOptions<Bound> = {},
): OutlierEjection {
  // The pipeline's own parameter holds the predicates to the results that its work gives.
  return new Outliers(options as OutlierOptions);
}

class Outliers implements OutlierEjection {
  readonly name: string;
  readonly aborts = false;
  readonly callsUser: boolean;
  #rules: OutlierRules;
  readonly #ticker: Ticker;
  readonly #hosts: Lru<Host>;
  readonly #ejected = new Set<Host>();
  #compareAt: number;
  #turn = 0;

  constructor(options: OutlierOptions) {
    this.name = options.name ?? "outlier";
    this.#rules = rulesOf(options);
    this.#ticker = tickerOf(options.clock ?? systemClock);
    this.#hosts = new Lru(this.#rules.maxHosts);
    this.#compareAt = this.#ticker.now() + this.#rules.intervalMs;
    const { hostOf, when, whenResult } = options;
    this.callsUser = [hostOf, when, whenResult].some((one) => one !== undefined);
  }

  get ejected(): readonly string[] {
    this.#returnDue(this.#ticker.now());
    return [...this.#ejected].map((host) => host.key);
  }

  isEjected(name: string): boolean {
    const now = this.#ticker.now();
    const host = this.#hosts.get(name);
    if (host === undefined) return false;
    host.askedAt = now;
    return this.#isOut(host, now);
  }

  pick(hosts: readonly string[]): string | undefined {
    const now = this.#ticker.now();
    const isIn = (name: string): boolean => !this.#isOut(this.#host(name, now), now);
    const choice = hosts.filter(isIn);
    if (choice.length === 0) return undefined;
    this.#turn = (this.#turn + 1) % choice.length;
    return choice[this.#turn];
  }

  enter(call: Call, level: number): Entered {
    const { hostOf } = this.#rules;
    const name = hostOf === undefined ? call.key : hostOf(call);
    if (name === undefined) {
      call.slots[level] = undefined;
      return undefined;
    }
    const now = this.#ticker.now();
    const host = this.#host(name, now);
    if (this.#isOut(host, now)) {
      return new Rejection("ejected", call.pipeline, host.refusal, host.outUntil - now);
    }
    call.slots[level] = host.stint;
    return undefined;
  }

  exit(call: Call, level: number, ok: boolean, value: unknown): undefined {
    const stint = call.slots[level] as Stint | undefined;
    if (stint === undefined) return;
    const { host } = stint;
    const failed = ok ? this.#judge(call, value) : this.#blame(call, value);
    if (failed === undefined || stint !== host.stint) return;
    stint.total += 1;
    if (failed) stint.failures += 1;
    stint.inARow = failed ? stint.inARow + 1 : 0;
    const now = this.#ticker.now();
    if (stint.inARow >= this.#rules.consecutiveFailures)
      this.#eject(host, "consecutive", call, now);
    if (now >= this.#compareAt) this.#compare(call, now);
  }

  reload(fresh: Strategy<unknown>): boolean {
    if (!(fresh instanceof Outliers)) return false;
    this.#rules = fresh.#rules;
    this.#hosts.max = fresh.#rules.maxHosts;
    this.#keepShare(this.#ticker.now());
    return true;
  }

  figures(): Readonly<Record<string, number>> {
    return { known_hosts: this.#hosts.size, ejected_hosts: this.ejected.length };
  }

  #host(name: string, now: number): Host {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = new Host(name);
      this.#hosts.add(host, this.#gone);
    }
    host.askedAt = now;
    return host;
  }

  readonly #gone = (host: Host): void => {
    this.#ejected.delete(host);
  };

  /** Whether the work failed by what it gave; undefined when that says nothing. */
  #judge(call: Call, value: unknown): boolean | undefined {
    if (call.unwinding) return undefined;
    const { whenResult } = this.#rules;
    return whenResult !== undefined && answered("outlier: whenResult", whenResult(value));
  }

  /** Whether an error is the host's failure; undefined when it says nothing of the host. */
  #blame(call: Call, value: unknown): true | undefined {
    if (failureOf(call, value) === undefined) return undefined;
    const { when } = this.#rules;
    const counts = when === undefined || answered("outlier: when", when(errorOf(value)));
    return counts ? true : undefined;
  }

  #isOut(host: Host, now: number): boolean {
    if (host.outUntil === 0) return false;
    if (now < host.outUntil) return true;
    this.#return(host, host.outUntil);
    return false;
  }

  #eject(host: Host, cause: "consecutive" | "success-rate", call: Call, now: number): void {
    this.#forget(now);
    this.#returnDue(now);
    if (this.#hosts.peek(host.key) !== host || !this.#mayHold(this.#ejected.size + 1)) return;
    const { intervalMs, baseEjectionMs, maxEjectionMs } = this.#rules;
    // More would not make it longer, but take longer to be forgiven.
    const most = Math.ceil(maxEjectionMs / baseEjectionMs);
    const forgiven = Math.floor((now - host.backAt) / intervalMs);
    host.ejections = Math.min(Math.max(0, host.ejections - forgiven) + 1, most);
    const ejectedMs = Math.min(host.ejections * baseEjectionMs, maxEjectionMs);
    host.leaveOut(now + ejectedMs, call.pipeline);
    this.#ejected.add(host);
    const { ejections } = host;
    this.#tell("host-ejected", host, { host: host.key, cause, ejections, ejectedMs });
  }

  #return(host: Host, at: number): void {
    host.outUntil = 0;
    host.backAt = at;
    this.#ejected.delete(host);
    this.#tell("host-returned", host, { host: host.key });
  }

  #returnDue(now: number): void {
    for (const host of this.#ejected) this.#isOut(host, now);
  }

  /** Hosts that nobody asks for any more would else make the share look smaller than it is. */
  #forget(now: number): void {
    const since = now - this.#rules.forgetMs;
    for (let host = this.#hosts.oldest; host && host.askedAt < since; host = this.#hosts.oldest) {
      this.#hosts.delete(host);
      this.#ejected.delete(host);
    }
    this.#keepShare(now);
  }

  /** With fewer hosts fewer may be out: those that would be back first are back now. */
  #keepShare(now: number): void {
    while (!this.#mayHold(this.#ejected.size)) {
      let first: Host | undefined;
      for (const host of this.#ejected) {
        if (first === undefined || host.outUntil < first.outUntil) first = host;
      }
      if (first === undefined) return;
      this.#return(first, now);
    }
  }

  #mayHold(ejected: number): boolean {
    // A share such as 0.07 times a whole number may lie a hair below the whole number meant.
    return ejected <= this.#rules.maxEjectedShare * this.#hosts.size + 1e-9;
  }

  /** Ejects hosts whose success rate is an outlier, the worst first, and begins to count anew. */
  #compare(call: Call, now: number): void {
    this.#compareAt = now + this.#rules.intervalMs;
    this.#forget(now);
    this.#returnDue(now);
    const { successRate } = this.#rules;
    const outliers = successRate ? outliersOf(this.#hosts.values(), successRate) : [];
    for (const host of outliers) this.#eject(host, "success-rate", call, now);
    for (const { stint } of this.#hosts.values()) {
      stint.total = 0;
      stint.failures = 0;
    }
  }

  #tell(event: PolicyEvent["event"], { key, pipeline }: Host, details: object): void {
    if (!events.hasSubscribers) return;
    events.publish({ event, pipeline, strategy: this.name, key, details });
  }
}
