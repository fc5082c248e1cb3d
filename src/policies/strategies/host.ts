// What is known of one host: its recent results, and its ejections.
import { formatDuration } from "../../kernel/duration.ts";
import { stackless } from "../../kernel/stackless.ts";
import type { Rejection } from "../rejection.ts";
import type { SuccessRateOptions } from "./outlier-options.ts";

/** The results of the time between two ejections; a call remembers the one it began in. */
export class Stint {
  readonly host: Host;
  /** Since the last comparison. */
  total = 0;
  failures = 0;
  inARow = 0;

  constructor(host: Host) {
    this.host = host;
  }

  get rate(): number {
    return (this.total - this.failures) / this.total;
  }
}

export class Host {
  readonly key: string;
  newer: Host | undefined = undefined;
  older: Host | undefined = undefined;
  stint: Stint = new Stint(this);
  askedAt = 0;
  /** 0 when it is not ejected. */
  outUntil = 0;
  /** When it came back last. */
  backAt = 0;
  /** Those not forgiven. */
  ejections = 0;
  /** The pipeline whose call ejected it. */
  pipeline = "";
  /** One for all refusals of this host, as a Rejection does not know it. */
  refusal: (rejection: Rejection) => Error = neverOut;

  constructor(key: string) {
    this.key = key;
  }

  leaveOut(until: number, pipeline: string): void {
    this.outUntil = until;
    this.pipeline = pipeline;
    this.stint = new Stint(this);
    if (this.refusal === neverOut) this.refusal = refusalOf(this.key);
  }
}

/** Hosts that were never ejected, nearly all, need no function of their own. */
function neverOut(): Error {
  return stackless("HOST_EJECTED", "a host is ejected");
}

function refusalOf(host: string): (rejection: Rejection) => Error {
  return ({ pipeline, retryAfterMs = 0, details }) => {
    const text = `${pipeline}: host ${host} is left out for ${formatDuration(retryAfterMs)}`;
    return stackless("HOST_EJECTED", text, { details: { ...details, host } });
  };
}

/** Hosts whose success rate lies far below that of the others, the worst first. */
export function outliersOf(
  hosts: Iterable<Host>,
  rules: Required<SuccessRateOptions>,
): readonly Host[] {
  const asked = [...hosts].filter(
    ({ outUntil, stint }) => outUntil === 0 && stint.total >= rules.minimumCalls,
  );
  const n = asked.length;
  if (n < rules.minimumHosts) return [];
  const mean = asked.reduce((sum, { stint }) => sum + stint.rate, 0) / n;
  const squares = asked.reduce((sum, { stint }) => sum + (stint.rate - mean) ** 2, 0);
  const least = mean - rules.factor * Math.sqrt(squares / n);
  return asked
    .filter(({ stint: { rate } }) => rate < least && mean - rate >= rules.minimumGap)
    .toSorted((a, b) => a.stint.rate - b.stint.rate);
}
