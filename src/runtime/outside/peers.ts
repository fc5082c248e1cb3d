// Watches for the silence of others: peers, devices and jobs that should be heard from, and are not.
import type { Clock } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import { pulseOf } from "../../kernel/pulse.ts";
import { anything, called, checkOptions, count, finiteAbove } from "../../policies/options.ts";
import type { Bus } from "../parts/bus.ts";
import type { Metrics } from "../parts/metrics.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { invalid } from "./secret.ts";

export interface PeerHeartbeatsOptions extends Partial<Surroundings> {
  /** Milliseconds of silence that are allowed, unless `expect` says otherwise. */
  readonly maxSilentMs: number;
  /** Those that should come; one that never does is silent too, counted from now. */
  readonly expected?: readonly string[];
  /** Hears `peer.silent` and `peer.back`, each once. */
  readonly bus?: Pick<Bus, "publish">;
  /** Gets `peer_silence_max_seconds`, `peers_watched` and `peers_silent`. */
  readonly metrics?: Pick<Metrics, "gauge">;
  /** Others are not watched when so many are. Default 1,000. */
  readonly maxPeers?: number;
  /** Milliseconds between two looks. Default a tenth of `maxSilentMs`, 1,000 at most. */
  readonly everyMs?: number;
}

/** One that is watched, as `list()` shows it. */
export interface Peer {
  readonly peer: string;
  /** "awaited": expected, not yet heard from, and not yet too late. */
  readonly state: "heard" | "awaited" | "silent";
  /** Milliseconds since it was last heard from, or since it is expected; own gaps left out. */
  readonly silentMs: number;
  readonly maxSilentMs: number;
}

/** The data of `peer.silent` and `peer.back`; the source is the peer. */
export interface Silence {
  readonly silentMs: number;
  readonly maxSilentMs: number;
  /** It was expected and has not come at all. */
  readonly never: boolean;
}

export interface PeerHeartbeats extends Disposable {
  /**
   * It was heard from: now, or when `clock.now()` was `at`, for a message that waited in this process.
   * False when it is not watched, because its name is none or so many others are.
   */
  seen(peer: string, at?: number): boolean;
  /** It should come from now on; a job of its own rhythm has a `maxSilentMs` of its own. */
  expect(peer: string, maxSilentMs?: number): boolean;
  /** It is watched no longer. False when it was not. */
  remove(peer: string): boolean;
  list(): readonly Peer[];
}

interface Known {
  readonly peer: string;
  maxSilentMs: number;
  lastAt: number;
  heard: boolean;
  silent: boolean;
}

const longestName = 200;
/** A timer that is later was held up by this very process: suspended, stopped or busy. */
const stallMs = 20;

/**
 * Silence is measured on the monotonic clock, so a jump of the wall clock raises no alarm. Time in
 * which this process itself stood still is nobody's silence and is credited to all. Its timer does
 * not keep the process alive.
 * @throws OPTION_INVALID
 */
export function peerHeartbeats(options: PeerHeartbeatsOptions): PeerHeartbeats {
  checkPeers(options);
  const { clock, log } = surroundings(options);
  const { maxSilentMs, maxPeers = 1_000 } = options;
  const everyMs = options.everyMs ?? Math.min(1_000, Math.max(10, maxSilentMs / 10));
  const all = new Map<string, Known>();
  let full = false;

  const known = (peer: string): Known | undefined => {
    const found = all.get(peer);
    if (found || !isName(peer)) return found;
    if (all.size >= maxPeers) {
      if (!full) log.warn(`${maxPeers} peers are watched; others are left out, such as ${peer}`);
      full = true;
      return undefined;
    }
    const fresh = { peer, maxSilentMs, lastAt: clock.now(), heard: false, silent: false };
    all.set(peer, fresh);
    return fresh;
  };
  const look = (creditMs: number): void => {
    const now = clock.now();
    for (const each of all.values()) {
      each.lastAt = Math.min(now, each.lastAt + creditMs);
      const silentMs = now - each.lastAt;
      if (each.silent || silentMs <= each.maxSilentMs) continue;
      each.silent = true;
      tell(options, each, silentMs);
    }
  };
  const stop = startLooking(clock, everyMs, look);

  const peers: PeerHeartbeats = {
    seen: (peer, at = clock.now()) => {
      const found = known(peer);
      if (!found) return false;
      const now = clock.now();
      const silentMs = now - found.lastAt;
      found.lastAt = Math.max(found.lastAt, Math.min(now, Number.isNaN(at) ? now : at));
      if (found.silent && now - found.lastAt <= found.maxSilentMs) {
        found.silent = false;
        tell(options, found, silentMs);
      }
      found.heard = true;
      return true;
    },
    expect: (peer, ownMs = maxSilentMs) => {
      checkOptions("peers", { maxSilentMs: ownMs }, { maxSilentMs: finiteAbove(0) });
      const found = known(peer);
      if (found) found.maxSilentMs = ownMs;
      return found !== undefined;
    },
    remove: (peer) => {
      full = false;
      return all.delete(peer);
    },
    list: () => [...all.values()].map((each) => shown(each, clock.now())),
    [Symbol.dispose]: stop,
  };
  for (const peer of options.expected ?? []) peers.expect(peer);
  showSilence(options.metrics, peers);
  return peers;
}

/** Calls `look` at intervals with the milliseconds by which its turn was held up; answers its end. */
function startLooking(clock: Clock, everyMs: number, look: (creditMs: number) => void): () => void {
  let over = false;
  let dueAt = clock.now() + everyMs;
  const beat = pulseOf(clock).beat(() => {
    if (over) return;
    const lateMs = clock.now() - dueAt;
    look(lateMs > stallMs ? lateMs : 0);
    dueAt = clock.now() + everyMs;
    beat.next(everyMs);
  });
  beat.hold(false);
  beat.next(everyMs);
  return () => {
    over = true;
  };
}

/** That it has become silent, or is no longer. */
function tell(options: PeerHeartbeatsOptions, known: Known, forMs: number): void {
  const { peer, heard, silent, maxSilentMs } = known;
  const { log } = surroundings(options);
  const silentMs = Math.round(forMs);
  const lasted = formatDuration(silentMs);
  if (!silent) log.info(`peer ${peer} is back after ${lasted}`, { peer });
  else if (heard) log.warn(`peer ${peer} is silent for ${lasted}`, { peer });
  else log.warn(`peer ${peer} was expected and has not come in ${lasted}`, { peer });
  const data: Silence = { silentMs, maxSilentMs, never: !heard };
  options.bus?.publish({
    type: silent ? "peer.silent" : "peer.back",
    source: peer,
    severity: silent ? "warning" : "info",
    data,
  });
}

function shown({ peer, heard, silent, lastAt, maxSilentMs }: Known, now: number): Peer {
  const state = silent ? "silent" : heard ? "heard" : "awaited";
  return { peer, state, silentMs: Math.round(now - lastAt), maxSilentMs };
}

function showSilence(metrics: PeerHeartbeatsOptions["metrics"], { list }: PeerHeartbeats): void {
  const longestMs = (): number =>
    list().reduce((most, { silentMs }) => Math.max(most, silentMs), 0);
  metrics?.gauge("peer_silence_max_seconds", {
    help: "How long the peer that was silent longest was not heard from",
    unit: "seconds",
    read: () => longestMs() / 1_000,
  });
  metrics?.gauge("peers_watched", {
    help: "Peers, devices and jobs whose silence is watched for",
    read: () => list().length,
  });
  metrics?.gauge("peers_silent", {
    help: "Those of them that have been silent for too long",
    read: () => list().filter(({ state }) => state === "silent").length,
  });
}

function isName(peer: unknown): peer is string {
  return typeof peer === "string" && peer.length > 0 && peer.length <= longestName;
}

function checkPeers(options: PeerHeartbeatsOptions): void {
  const who = "peers";
  checkOptions<PeerHeartbeatsOptions>(who, options, {
    maxSilentMs: finiteAbove(0),
    expected: anything,
    bus: anything,
    metrics: anything,
    maxPeers: count(1, 100_000),
    everyMs: finiteAbove(0),
    clock: anything,
    random: called,
    log: anything,
  });
  checkOptions(
    who,
    { maxSilentMs: options.maxSilentMs ?? Number.NaN },
    { maxSilentMs: finiteAbove(0) },
  );
  const { expected = [] } = options;
  const wrong = expected.find((peer) => !isName(peer));
  if (wrong !== undefined) {
    const got = JSON.stringify(wrong);
    throw invalid(`${who}: expected must be names of 1 to ${longestName} characters, got ${got}`);
  }
  if (expected.length > (options.maxPeers ?? 1_000)) {
    throw invalid(`${who}: ${expected.length} are expected, which is more than maxPeers`);
  }
}
