// Points to InfluxDB in the background: in batches, out of a bounded queue, and never at the app's cost.
import { messageOf } from "../../kernel/errors.ts";
import { surroundings } from "../parts/surroundings.ts";
import { wait } from "../parts/wait.ts";
import type { InfluxOptions } from "./influx-options.ts";
import { Shipping } from "./influx-shipping.ts";
import { encodePoint, type Point } from "./line-protocol.ts";
import { createOutage, type Outage } from "./outage.ts";

export interface InfluxState {
  readonly waiting: number;
  readonly written: number;
  /** Given up: the queue was full, the server refused them, or they could not be written at all. */
  readonly dropped: number;
}

/** Disposed of, it sends no more and drops what waits: flush first. */
export interface InfluxSink extends Disposable {
  /** Returns at once and never throws. A point without a time has the time of this call. */
  write(points: Point | Iterable<Point>): void;
  readonly state: InfluxState;
  /**
   * Sends what waits, also in a pause after an outage; never rejects. Answers false when something
   * still waits: the server did not take it, or `signal` aborted first.
   */
  flush(signal?: AbortSignal): Promise<boolean>;
}

/**
 * Sends at its interval, and at once when a batch is full; a request under way is all that keeps the
 * process alive. 429 and 503 are tried again after Retry-After, as are all other failures after a
 * growing pause of 5 min at most; what the server refuses because of the points themselves (400, 413,
 * 422, a partial write) is told and dropped: it would be refused for ever and hold up the rest.
 * @throws OPTION_INVALID for options that cannot be; later never
 */
export function influxSink(options: InfluxOptions): InfluxSink {
  const shipping = new Shipping(options);
  const { clock, log } = surroundings(options);
  const reading = createOutage(log, "influx: reading points that were handed over");
  const end = new AbortController();
  let sending: Promise<boolean> | undefined;

  const begin = (signal?: AbortSignal): Promise<boolean> => {
    sending ??= shipping
      .drain(signal ? AbortSignal.any([signal, end.signal]) : end.signal)
      .catch((error) => {
        log.error("influx: sending broke", { error });
        return false;
      })
      .finally(() => {
        sending = undefined;
      });
    return sending;
  };
  const take = (point: Point): void => {
    const line = end.signal.aborted ? undefined : lineOf(point, clock.wall());
    if (line === undefined) shipping.drop(1);
    else shipping.add(line);
    if (shipping.full && !shipping.paused && !end.signal.aborted) void begin();
  };
  const takeAll = (points: Point | Iterable<Point>): void => {
    for (const point of isMany(points) ? points : [points]) take(point);
  };
  const write = (points: Point | Iterable<Point>): void => {
    try {
      takeAll(points);
      reading.worked();
    } catch (error) {
      reading.failed(messageOf(error));
    }
  };
  const collect = collector(options, takeAll, createOutage(log, "influx: collecting points"));
  const beat = async (): Promise<void> => {
    const { everyMs = 10_000, timeoutMs = 10_000 } = options;
    while (await wait(clock, everyMs, end.signal)) {
      if (options.collect) await Promise.race([collect(), wait(clock, timeoutMs, end.signal)]);
      if (!shipping.paused) await begin();
    }
  };
  void beat();

  const sink: InfluxSink = {
    write,
    get state() {
      return { waiting: shipping.waiting, ...shipping.counts };
    },
    flush: async (signal) => {
      await (signal ? Promise.race([collect(), whenAborted(signal)]) : collect());
      // What is under way began without this signal, and may take longer.
      if (sending) await (signal ? Promise.race([sending, whenAborted(signal)]) : sending);
      return signal?.aborted ? shipping.waiting === 0 : begin(signal);
    },
    [Symbol.dispose]: () => end.abort(),
  };
  options.stopping?.onStop("influx", "reporters", async () => {
    await sink.flush();
    end.abort();
  });
  return sink;
}

/** One that hangs is not asked again, and does not keep back what others wrote. */
function collector(
  { collect }: InfluxOptions,
  take: (points: Iterable<Point>) => void,
  outage: Outage,
): () => Promise<void> {
  let asking = false;
  return async () => {
    if (!collect || asking) return;
    asking = true;
    try {
      take(await collect());
      outage.worked();
    } catch (error) {
      outage.failed(messageOf(error));
    }
    asking = false;
  };
}

function isMany(points: Point | Iterable<Point>): points is Iterable<Point> {
  return Symbol.iterator in Object(points);
}

/** Undefined for what is no point, whatever it is. */
function lineOf(point: Point, nowMs: number): string | undefined {
  try {
    return encodePoint({ ...point, at: point.at ?? nowMs });
  } catch {
    // Untyped code may hand over anything; the sink's promise is not to throw, and it is counted.
    return undefined;
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
