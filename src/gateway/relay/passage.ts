// One client request from arrival to answer: choose an instance, forward, repeat or wait.
import { type Asked, isStream } from "./asked.ts";
import { type Admitted, Attendance } from "./attendance.ts";
import { type Lot, takenBy } from "./balancing/split.ts";
import type { Ending, EndingKind, Job, Tally } from "./exchange.ts";
import type { Outcome } from "./feature.ts";
import type { Carrier } from "./home.ts";
import type { Instance } from "./instance.ts";
import { addInterrupted } from "./interrupted.ts";
import { MarkedAnswer } from "./marked-answer.ts";
import { pick } from "./pick.ts";
import { degradedReply, type Reply, unserved } from "./replies.ts";
import { keepBytes, RequestBody } from "./request-body.ts";
import type { Client, Serving } from "./serving.ts";
import { type Guest, Stay } from "./stay.ts";

export class Passage implements Job, Admitted, Guest {
  readonly method: string;
  readonly text: string;
  readonly upgrades: boolean;
  readonly body: RequestBody | undefined;
  answer: Client;
  readonly #serving: Serving;
  readonly #asked: Asked;
  /** Absent where the route has no features. */
  readonly #attendance: Attendance | undefined;
  readonly #repeatable: boolean;
  readonly #holdUntilMs: number;
  /** Instances that failed this request; they may have it again when their ejection is over. */
  #failed: Set<Instance> | undefined;
  /** Drawn once, where releases share the route. */
  #lot: Lot | undefined;
  /** How often it was forwarded, and how many of these may have reached a process. */
  #forwards = 0;
  #tries = 0;
  #stay: Stay | undefined;
  /** Let in after it had waited, and counted as such. */
  #isInside = false;
  #gone = false;
  #upstream: Instance | undefined;
  #connection: Carrier | undefined;
  #tally: Tally | undefined;

  constructor(serving: Serving, client: Client, asked: Asked, nowMs: number) {
    const { head } = asked;
    this.method = head.method;
    this.text = head.text;
    this.upgrades = head.upgrades;
    this.answer = client;
    this.#serving = serving;
    this.#asked = asked;
    if (serving.features.active.length > 0) {
      this.#attendance = new Attendance(serving, asked, nowMs);
    }
    this.#repeatable = serving.retrying.arrived(asked, nowMs);
    this.#holdUntilMs = nowMs + serving.config.holdMs;
    // Over HTTP/2 an instance can say that it has not begun with a request, whatever its method.
    const keep = this.#repeatable || serving.config.back === "h2c" ? keepBytes : 0;
    this.body = head.framing === "none" ? undefined : new RequestBody(keep, () => client.ask());
    serving.counters.requests++;
  }

  get timeoutMs(): number {
    return this.#serving.config.timeoutMs;
  }

  /** Asks the features, and looks for an instance. */
  start(nowMs: number): void {
    if (this.#attendance && !this.#serving.config.degraded) this.#attendance.admit(this, nowMs);
    else this.pass(nowMs);
  }

  /** Looks for an instance, now and whenever one may be there. */
  pass(nowMs: number = this.#serving.clock.now()): void {
    if (this.#gone) return;
    const { config, counters } = this.#serving;
    if (config.degraded) {
      counters.degraded++;
      this.refuse(degradedReply(config.degraded));
      return;
    }
    const upstream = this.#mustWait()
      ? undefined
      : pick(this.#serving, this.#asked, this.#failed, nowMs, this.#release());
    if (upstream) this.#attempt(upstream, nowMs);
    else this.#hold();
  }

  again(): void {
    this.pass();
  }

  unserved(why: string): void {
    this.refuse(unserved(why));
  }

  refuse(reply: Reply): void {
    this.#close("replied", reply.status);
    this.answer.reply(reply);
  }

  cut(outcome: Outcome = "cut"): void {
    this.#close(outcome, this.#tally?.status ?? 0);
    this.answer.cut();
  }

  /** The client went away. */
  leave(): void {
    this.#stop("gone", 0, "");
  }

  /** The client's body is not in order; the caller answers. */
  reject(status: number, text: string): void {
    this.#stop("faulty", status, text);
  }

  /** Whether another instance can have it in place of one that hangs. */
  mayLeave(): boolean {
    const from = this.#upstream;
    const { clock, retrying } = this.#serving;
    const now = clock.now();
    if (from === undefined || !this.#canRepeat() || !retrying.mayLeave(this.#tries, now))
      return false;
    const others = new Set([...(this.#failed ?? []), from]);
    const other = pick(this.#serving, this.#asked, others, now, this.#release());
    return other !== undefined && other !== from;
  }

  ended(ending: Ending): void {
    const upstream = this.#upstream;
    this.#connection = undefined;
    this.#tally = ending.tally;
    upstream?.leave(ending.tally);
    upstream?.heard(ending);
    if (upstream && this.#settle(upstream, ending)) this.pass();
  }

  /** Who waited goes in as there is room. */
  #mustWait(): boolean {
    const { crowd } = this.#serving;
    return this.#stay !== undefined && !this.#isInside && crowd.isFull && !isStream(this.#asked);
  }

  #hold(): void {
    this.#stay ??= new Stay(this.#serving, this.#holdUntilMs, this);
    this.#stay.wait();
  }

  #close(outcome: Outcome, status: number): void {
    if (this.#isInside) this.#serving.crowd.leave();
    this.#isInside = false;
    this.#attendance?.close({
      ...{ outcome, status, tries: this.#forwards },
      instance: this.#upstream?.instance,
      waitedMs: this.#tally?.waitedMs,
    });
  }

  #stop(kind: "gone" | "faulty", status: number, text: string): void {
    this.#gone = true;
    this.#stay?.leave();
    this.#connection?.giveUp(kind, text);
    this.#close(kind, status);
  }

  #release(): string | undefined {
    const { split } = this.#serving.balancing;
    if (split && !this.#lot) {
      this.#lot = split.lotOf(this.#asked);
      if (this.#lot.line !== "") this.answer = new MarkedAnswer(this.answer, this.#lot.line);
    }
    return this.#lot?.release;
  }

  #attempt(upstream: Instance, nowMs: number): void {
    // A server may close an idle connection while a request is on its way there. What could not be
    // repeated after that, and what is repeated already, gets a connection of its own.
    const own = !this.#repeatable || this.upgrades || this.#forwards > 0;
    if (this.#forwards++ > 0) this.#serving.counters.retries++;
    if (this.#lot) this.#lot = takenBy(upstream, this.#lot, this.#serving.counters);
    if (this.#stay && !this.#isInside && !isStream(this.#asked)) {
      this.#isInside = true;
      this.#serving.crowd.enter();
    }
    this.#upstream = upstream;
    upstream.enter();
    this.#connection = upstream.carry(this, own, nowMs);
  }

  /** @returns whether the request still needs an answer. */
  #settle(upstream: Instance, { kind, text, tally }: Ending): boolean {
    const { counters, clock, config } = this.#serving;
    const { instance } = upstream;
    switch (kind) {
      case "answered":
        this.#close("answered", tally.status);
        this.answer.done();
        return false;
      case "handedOver":
      case "gone":
      case "faulty":
        this.#close(kind, tally.status);
        return false;
      case "broken":
        addInterrupted(counters, this.method, "answering", "lost");
        this.cut("broken");
        return false;
      case "garbled":
        counters.lostUnsafe++;
        this.refuse({ status: 502, error: `${instance} gave no valid answer: ${text}` });
        return false;
      case "late":
        counters.unserved++;
        this.refuse({
          ...{ status: 504, error: `${instance} gave no answer within ${config.timeoutMs} ms` },
        });
        return false;
      case "refused":
        upstream.failed(clock.now());
        this.#addFailed(upstream);
        return true;
      case "stale":
      case "died":
      case "left":
        upstream.failed(clock.now());
        if (kind !== "stale") this.#addFailed(upstream);
        return this.#repeat(kind, `${instance} ended the connection: ${text}`);
    }
  }

  #addFailed(upstream: Instance): void {
    this.#failed = (this.#failed ?? new Set()).add(upstream);
  }

  #canRepeat(): boolean {
    return this.#repeatable && (this.body?.repeatable ?? true);
  }

  /** After a connection that died: whether the request goes to another instance. */
  #repeat(kind: EndingKind, text: string): boolean {
    const { counters, retrying, clock } = this.#serving;
    const unanswered = { kind, text, tries: ++this.#tries, canRepeat: this.#canRepeat() };
    const denial = retrying.deny(unanswered, clock.now());
    const stage = this.body?.ended === false ? "sending" : "waiting";
    addInterrupted(counters, this.method, stage, denial ? "lost" : "repeated");
    if (denial) this.refuse(denial);
    return denial === undefined;
  }
}
