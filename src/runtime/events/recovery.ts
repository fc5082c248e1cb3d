// The recovery register: what is done about which failure, once at a time, proved, and with patience.

import { createAlarm } from "../../kernel/alarm.ts";
import type { AppEvent } from "../parts/bus.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { ended, freshCase, healed, told, wanted } from "./recovery-case.ts";
import {
  activeIn,
  allOver,
  type Cases,
  createCases,
  type Entry,
  savedOf,
  shown,
} from "./recovery-cases.ts";
import { type LaunchSite, launch } from "./recovery-launch.ts";
import { load, save } from "./recovery-memory.ts";
import {
  type ActiveRun,
  isOurs,
  type Recover,
  type Recovering,
  type Recovery,
  type RecoveryOptions,
  type RegisterOptions,
  type Verify,
} from "./recovery-options.ts";
import { isWellNow, verifyOf } from "./recovery-run.ts";
import { type About, createVoice, type Voice } from "./recovery-voice.ts";
import { createRegistrations, type Registered, type Registrations } from "./registered.ts";
import type { Recipe } from "./step.ts";

/**
 * Recovers in the background from what the bus tells. A run is `TYPE.recovery_started`, a
 * `.recovery_step` for each step, then `.recovered`, or `.recovery_failed` when a step failed or the
 * failure is still there; the data is a `RecoveryTold`.
 */
export function createRecovery(options: RecoveryOptions): Recovery {
  return new Register(options);
}

const stopMsDefault = 10_000;
/** Milliseconds that are left for taking back what was cut off by a stop. */
const undoMsOnStop = 10_000;

class Register implements Recovery {
  readonly #options: RecoveryOptions;
  readonly #around: Surroundings;
  readonly #atOnceMax: number;
  readonly #cases: Cases;
  readonly #queue = new Set<Entry>();
  readonly #voice: Voice;
  readonly #heard: Disposable;
  readonly #registered: Registrations;
  readonly #site: LaunchSite;
  #stopped: Promise<void> | undefined;

  constructor(options: RecoveryOptions) {
    const { bus, kept, stopping, atOnceMax = 4, stopMs = stopMsDefault } = options;
    this.#options = options;
    this.#around = surroundings(options);
    this.#atOnceMax = atOnceMax;
    const { clock, log, random } = this.#around;
    const voice = createVoice(bus, log);
    this.#voice = voice;
    this.#registered = createRegistrations(random);
    this.#site = {
      ...{ clock, log, voice, health: options.health },
      save: () => this.#save(),
      finish: (...over) => this.#finish(...over),
    };
    this.#cases = createCases(
      (ring) => createAlarm(clock, ring),
      (entry) => void this.#due(entry),
    );
    for (const { event, state, interrupted } of kept ? load(kept, clock) : []) {
      const entry = this.#cases.of(event);
      if (entry) Object.assign(entry, { state, interrupted });
    }
    this.#heard = bus.subscribe("**", (event) => this.#hear(event));
    stopping?.onStop("recoveries", "recoveries", () => this.stop(), stopMs + undoMsOnStop);
  }

  register(text: string, recipe: Recipe | Recover, given: RegisterOptions = {}): Disposable {
    const one = this.#registered.add(text, recipe, given);
    for (const entry of this.#cases.all.values()) {
      if (this.#registered.bestFor(entry.event.type) === one) this.#takeUp(entry, one);
    }
    return { [Symbol.dispose]: () => this.#registered.remove(one) };
  }

  get missing(): readonly string[] {
    return this.#voice.missing;
  }

  problems(): readonly string[] {
    return this.#registered.problems(this.#options);
  }

  active(): readonly ActiveRun[] {
    return activeIn(this.#cases.all.values());
  }

  list(): readonly Recovering[] {
    const now = this.#around.clock.now();
    return [...this.#cases.all.values()].map((one) => shown(one, this.#queue.has(one), now));
  }

  reset(type: string, source: string): void {
    const entry = this.#cases.find(type, source);
    if (!entry) return;
    entry.alarm.off();
    entry.held = false;
    entry.state = freshCase;
    this.#queue.delete(entry);
    this.#save();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    this.#heard[Symbol.dispose]();
    this.#queue.clear();
    const entries = [...this.#cases.all.values()];
    for (const { alarm } of entries) alarm.off();
    await allOver(entries, this.#around.clock, this.#options.stopMs ?? stopMsDefault);
  }

  #hear(event: AppEvent): void {
    if (isOurs(event.type)) return;
    const one = this.#registered.bestFor(event.type);
    const entry = one && this.#cases.of(event);
    if (!one) this.#voice.missed(event.type);
    else if (!entry) this.#voice.noRoom(event);
    if (!one || !entry || entry.run || entry.interrupted) return;
    entry.event = event;
    entry.state = told(entry.state, this.#around.clock.now(), one.settings);
    this.#want(entry, one);
  }

  /** Begins a run, or arranges when it may begin. */
  #want(entry: Entry, one: Registered): void {
    if (this.#stopped || entry.run || entry.asking) return;
    const now = this.#around.clock.now();
    const answer = wanted(entry.state, now, one.settings, one.delay);
    entry.state = answer.state;
    entry.held = answer.kind === "wait";
    if (answer.kind === "wait") entry.alarm.ringIn(answer.ms);
    else if (answer.kind === "given-up") answer.now && this.#giveUp(entry, one);
    else if (this.active().length < this.#atOnceMax) launch(this.#site, entry, one);
    else this.#queue.add(entry);
  }

  #giveUp(entry: Entry, one: Registered): void {
    this.#voice.givenUp(entry.event, entry.state.failures);
    this.#lookAgain(entry, one);
    this.#save();
  }

  /** When people mend what was given up, the count begins anew. */
  #lookAgain(entry: Entry, one: Registered): void {
    if (this.#verifyOf(one, entry.event) === undefined) return;
    entry.alarm.ringIn(Math.max(one.settings.cooldownMs, one.delay(entry.state.failures)));
  }

  /** A wait is over. */
  async #due(entry: Entry): Promise<void> {
    const one = this.#registered.bestFor(entry.event.type);
    if (this.#stopped || !one || entry.run || entry.asking) return;
    const verify = this.#verifyOf(one, entry.event);
    if (verify === undefined) {
      if (entry.held) this.#want(entry, one);
      return;
    }
    entry.asking = true;
    const { well, why } = await isWellNow(verify, this.#site, one.settings.verifyMs);
    entry.asking = false;
    if (this.#stopped) return;
    if (well) this.#healed(entry, one, why);
    else if (entry.state.givenUp) this.#lookAgain(entry, one);
    else this.#want(entry, one);
  }

  #healed(entry: Entry, one: Registered, why: string): void {
    const { event, state } = entry;
    entry.state = healed(state, this.#around.clock.now());
    entry.held = false;
    this.#save();
    this.#voice.healed(event, one.recipe.name, why, state.last?.ok === false);
  }

  /** An entry that a process before this one left behind. */
  #takeUp(entry: Entry, one: Registered): void {
    if (entry.interrupted) launch(this.#site, entry, one);
    else if (entry.state.givenUp) this.#lookAgain(entry, one);
    else if (entry.state.last?.ok === false) {
      entry.alarm.ringIn(Math.max(0, entry.state.notBefore - this.#around.clock.now()));
    }
  }

  #finish(entry: Entry, one: Registered, error: string | undefined, about: About): void {
    const { run } = entry;
    entry.run = undefined;
    if (run?.endsProcess && run.abort.signal.aborted) {
      // What the file says of it stays: the process that follows takes it up.
      entry.interrupted = true;
      return;
    }
    const { clock } = this.#around;
    const { event } = run ?? entry;
    const ok = error === undefined;
    entry.state = ended(entry.state, clock.now(), ok, one.settings, one.delay);
    this.#save();
    const { givenUp, notBefore } = entry.state;
    const again = !ok && !givenUp && !this.#stopped;
    const nextInMs = notBefore - clock.now();
    if (ok) this.#voice.recovered(event, about);
    else this.#voice.failed(event, { ...about, error, ...(again ? { nextInMs } : {}) });
    if (givenUp) this.#giveUp(entry, one);
    // Without a way to ask whether it is still there, it is tried again when it is told again.
    if (again && this.#verifyOf(one, event) !== undefined) entry.alarm.ringIn(nextInMs);
    this.#next();
  }

  #next(): void {
    const [entry] = this.#queue;
    if (!entry) return;
    this.#queue.delete(entry);
    const one = this.#registered.bestFor(entry.event.type);
    if (one) this.#want(entry, one);
    else this.#next();
  }

  #verifyOf({ settings }: Registered, { source }: AppEvent): Verify | undefined {
    return verifyOf(settings, this.#options.health, source);
  }

  #save(): void {
    const { kept } = this.#options;
    const entries = [...this.#cases.all.values()];
    if (kept) save(kept, this.#around.clock, entries.map(savedOf));
  }
}
