// The certificates of a route as their files say it: loaded anew when these change, else kept.
import { type Clock, every } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Log } from "../../kernel/log.ts";
import type { RouteCertificate } from "../../protocol/gateway-secure.ts";
import { type Certificate, loadCertificates, stampOf } from "./certificates.ts";

export interface KeptCertificates {
  /** Those in force; none before the first could be loaded. */
  readonly all: readonly Certificate[];
  /** Takes other files; they are loaded with the next `refresh`, or soon. */
  apply(wanted: readonly RouteCertificate[]): void;
  /** Loads what has changed; what is wrong with it. */
  refresh(): Promise<string | undefined>;
  close(): void;
}

export interface KeptParts {
  readonly service: string;
  readonly clock: Clock;
  readonly log: Log;
}

const pollMs = 1_000;
const expiryLookMs = 12 * 3_600_000;
const expiresSoonMs = 14 * 86_400_000;
const dayMs = 86_400_000;

/** `onLoad` hears of each change. */
export function keepCertificates(parts: KeptParts, onLoad: () => void): KeptCertificates {
  const { service, clock, log } = parts;
  const closed = new AbortController();
  let wanted: readonly RouteCertificate[] = [];
  let all: readonly Certificate[] = [];
  let stamp = "";
  let problem: string | undefined;
  let loading: Promise<void> = Promise.resolve();
  let isLooking = false;

  const load = async (): Promise<void> => {
    const mine = wanted;
    const now = `${JSON.stringify(mine)}\n${await stampOf(mine)}`;
    if (now === stamp || mine.length === 0) return;
    try {
      const loaded = await loadCertificates(mine);
      // Others may have been asked for meanwhile.
      if (mine !== wanted || closed.signal.aborted) return;
      log.info(all.length === 0 ? "certificates loaded" : "certificates loaded anew", { service });
      all = loaded;
      problem = undefined;
      onLoad();
      warnOfExpiry(all, parts);
    } catch (error) {
      problem = messageOf(error);
    }
    stamp = now;
  };
  /** One at a time: the config and the poll may ask at once. */
  const refresh = async (): Promise<string | undefined> => {
    loading = loading.then(load);
    await loading;
    return problem;
  };
  const lookOn = (): void => {
    if (isLooking) return;
    isLooking = true;
    const tell = teller(parts);
    const look = async (): Promise<void> => tell(await refresh(), all.length > 0);
    void every(clock, pollMs, closed.signal, look);
    void every(clock, expiryLookMs, closed.signal, () => warnOfExpiry(all, parts));
  };

  return {
    get all() {
      return all;
    },
    apply(next) {
      if (JSON.stringify(next) === JSON.stringify(wanted)) return;
      wanted = next;
      if (next.length > 0) lookOn();
    },
    refresh,
    close: () => closed.abort(),
  };
}

/** A pair is often written file by file: what does not fit is told once, when it stays so. */
function teller({ service, log }: KeptParts): (problem: string | undefined, kept: boolean) => void {
  let before: string | undefined;
  let told: string | undefined;
  return (problem, kept) => {
    if (problem !== undefined && problem === before && problem !== told) {
      log.error("a certificate cannot be loaded", { service, problem, oneBeforeIsUsed: kept });
      told = problem;
    }
    if (problem === undefined) told = undefined;
    before = problem;
  };
}

function warnOfExpiry(all: readonly Certificate[], { service, clock, log }: KeptParts): void {
  for (const { names, notAfterMs } of all) {
    const leftMs = notAfterMs - clock.wall();
    if (leftMs > expiresSoonMs) continue;
    const text = leftMs < 0 ? "a certificate has expired" : "a certificate expires soon";
    log.warn(text, { service, names, days: Math.floor(leftMs / dayMs) });
  }
}
