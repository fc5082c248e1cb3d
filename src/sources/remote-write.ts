// Receives what a Prometheus writes here: remote-write 1.0 and 2.0, protobuf in a block of Snappy.
import type { Reading } from "../model/reading.ts";
import { readWriteRequest } from "../protocol/remote-write.ts";
import { readWriteRequest2 } from "../protocol/remote-write-2.ts";
import type { SourceView } from "../protocol/sources.ts";
import { unsnappy } from "../protocol/wire/snappy.ts";
import type { Answer } from "./foreign/door.ts";
import { createIntake } from "./foreign/intake.ts";
import { placeByLabel } from "./foreign/places.ts";
import { createPrometheusTaker, type Kept } from "./foreign/prometheus.ts";
import { receiver } from "./foreign/receiver.ts";
import type { ForeignSource, ReceiverOptions } from "./foreign/source.ts";
import type { SourceContext } from "./source.ts";

export interface RemoteWriteOptions extends ReceiverOptions {
  /** The label that names the service. */
  readonly label: string;
}

export interface RemoteWriteDesk {
  /** How many samples were taken. @throws WIRE_SHAPE */
  take(block: Buffer, version?: 1 | 2): number;
  view(): SourceView;
}

export function createRemoteWriteDesk(
  options: Omit<RemoteWriteOptions, "host" | "port"> & { readonly where: string },
  { clock, log, emit }: Pick<SourceContext, "clock" | "log" | "emit">,
): RemoteWriteDesk {
  const { foreign, where, label, bodyBytes } = options;
  const intake = createIntake<Kept>({
    ...{ ...foreign, name: "remote-write", where, clock, log },
    onSwept: () => taker.forget(),
  });
  const { tally } = intake;
  const taker = createPrometheusTaker(intake, foreign.seriesMax, placeByLabel(intake, label));
  return {
    take: (block, version = 1) => {
      intake.begin();
      tally.request();
      const readings: Reading[] = [];
      const before = tally.taken;
      const read = version === 2 ? readWriteRequest2 : readWriteRequest;
      try {
        read(unsnappy(block, bodyBytes), {
          series: taker.series,
          sample: (value, unixMs, isStale) => taker.point(value, unixMs, isStale, readings),
          histogram: taker.unread,
          metadata: taker.type,
        });
      } catch (error) {
        tally.refuse("body");
        throw error;
      } finally {
        // What was read before the fault is sound, and is not sent again.
        if (readings.length > 0) emit(readings);
      }
      return tally.taken - before;
    },
    view: intake.view,
  };
}

export function remoteWriteSource(options: RemoteWriteOptions): ForeignSource {
  return receiver(options, {
    name: "remote-write",
    make: (ctx, where) => createRemoteWriteDesk({ ...options, where }, ctx),
    door: (desk) => ({
      snappy: true,
      takes: { "/api/v1/write": ["application/x-protobuf"] },
      take: ({ body, header }) => take(desk, body, header("content-type") ?? ""),
    }),
  });
}

/** `proto` says which message it is; without one it is that of 1.0. */
function take(desk: RemoteWriteDesk, body: Buffer, type: string): Answer {
  const message = /;\s*proto\s*=\s*"?([\w.]+)/i.exec(type)?.[1] ?? messages[1];
  if (message === messages[1]) {
    desk.take(body);
    return { status: 204 };
  }
  if (message !== messages[2]) return { status: 415, body: `there is no ${message} here\n` };
  const written = { samples: desk.take(body, 2), histograms: 0, exemplars: 0 };
  const headers = Object.entries(written).map(([name, count]) => [
    `x-prometheus-remote-write-${name}-written`,
    String(count),
  ]);
  return { status: 204, headers: Object.fromEntries(headers) };
}

const messages = { 1: "prometheus.WriteRequest", 2: "io.prometheus.write.v2.Request" } as const;
