// Receives OpenTelemetry's metrics, traces and logs: OTLP/HTTP, in protobuf and JSON.
import type { Reading } from "../model/reading.ts";
import {
  answerOf,
  type Encoding,
  failureOf,
  readLogs,
  readMetrics,
  readTraces,
  type SignalName,
} from "../protocol/otlp/groups.ts";
import type { SourceView } from "../protocol/sources.ts";
import type { Answer, Parcel } from "./foreign/door.ts";
import { createIntake } from "./foreign/intake.ts";
import { receiver } from "./foreign/receiver.ts";
import type { ForeignSource, ReceiverOptions } from "./foreign/source.ts";
import { createLogsTaker, type OnLine } from "./otlp/logs.ts";
import { createMetricsTaker } from "./otlp/metrics.ts";
import type { Kept } from "./otlp/points.ts";
import { createSpansTaker } from "./otlp/spans.ts";
import { whoseBy } from "./otlp/whose.ts";
import type { SourceContext } from "./source.ts";

export interface OtlpOptions extends ReceiverOptions {
  /** The resource attribute that names the service. */
  readonly attribute: string;
  /** Over so long spans and lines are counted. */
  readonly windowMs: number;
  /** Hears each line of a log. */
  readonly onLine?: OnLine;
}

const json = "application/json";
const protobuf = "application/x-protobuf";
const paths = { metrics: "/v1/metrics", traces: "/v1/traces", logs: "/v1/logs" } as const;

/** What takes one request in. */
export interface OtlpDesk {
  /** @throws WIRE_SHAPE */
  take(signal: SignalName, encoding: Encoding, body: Buffer): Buffer;
  /** Tells what was counted since it was last asked. */
  close(): void;
  view(): SourceView;
}

export function createOtlpDesk(
  options: Omit<OtlpOptions, "host" | "port" | "bodyBytes"> & { readonly where: string },
  { clock, log, emit }: Pick<SourceContext, "clock" | "log" | "emit">,
): OtlpDesk {
  const { foreign, where, attribute, onLine } = options;
  const intake = createIntake<Kept>({
    ...{ ...foreign, name: "otlp", where, clock, log },
    onSwept: () => metrics.forget(),
  });
  const metrics = createMetricsTaker(intake, foreign.seriesMax);
  const whoseOf = whoseBy(intake, attribute);
  const spans = createSpansTaker(clock.now());
  const logs = createLogsTaker(clock.now(), onLine);
  const { tally } = intake;
  const tell = (readings: readonly Reading[]): void => {
    if (readings.length > 0) emit(readings);
  };
  const read: Readonly<Record<SignalName, (body: Buffer, encoding: Encoding) => void>> = {
    metrics: (body, encoding) => tell(metrics.take(readMetrics(body, encoding), whoseOf)),
    traces: (body, encoding) => spans.take(readTraces(body, encoding), whoseOf, tally),
    logs: (body, encoding) => logs.take(readLogs(body, encoding), whoseOf, intake, clock.now()),
  };
  return {
    take: (signal, encoding, body) => {
      intake.begin();
      tally.request();
      const before = tally.refused;
      try {
        read[signal](body, encoding);
      } catch (error) {
        tally.refuse("body");
        throw error;
      }
      const refused = tally.refused - before;
      return answerOf(signal, encoding, refused, "see the log and the metrics of Homeostat");
    },
    close: () => {
      tell(spans.close(clock.now()));
      tell(logs.close(clock.now()));
    },
    view: intake.view,
  };
}

export function otlpSource(options: OtlpOptions): ForeignSource {
  return receiver(options, {
    name: "otlp",
    make: (ctx, where) => createOtlpDesk({ ...options, where }, ctx),
    door: (desk) => ({
      takes: Object.fromEntries(Object.values(paths).map((path) => [path, [protobuf, json]])),
      take: (parcel) => take(desk, parcel),
      failure: (type, why) => {
        if (type === protobuf) return { type, body: failureOf("protobuf", why) };
        return { type: json, body: failureOf("json", why) };
      },
    }),
    beat: { everyMs: options.windowMs, work: (desk) => desk.close() },
  });
}

function take(desk: OtlpDesk, { path, type, body }: Parcel): Answer {
  const signal: SignalName =
    path === paths.metrics ? "metrics" : path === paths.traces ? "traces" : "logs";
  const encoding = type === json ? "json" : "protobuf";
  return { status: 200, type, body: desk.take(signal, encoding, body) };
}
