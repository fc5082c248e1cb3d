// The messages of OTLP 1.x that are read, by their field numbers: opentelemetry-proto, v1.
import { type Field, type Shape, shapeOf } from "../wire/message.ts";

const many = (name: string, kind: Field["kind"]): Field => ({ name, kind, many: true });
const one = (name: string, kind: Field["kind"]): Field => ({ name, kind });
const attributes = (name = "attributes"): Field => one(name, "raw");

const numberPoint = shapeOf(
  {
    7: attributes(),
    2: one("startTimeUnixNano", "fixed64"),
    3: one("timeUnixNano", "fixed64"),
    4: one("asDouble", "double"),
    6: one("asInt", "signed64"),
    8: one("flags", "whole"),
  },
  () => ({
    attributes: "",
    startTimeUnixNano: 0,
    timeUnixNano: 0,
    asDouble: undefined,
    asInt: undefined,
    flags: 0,
  }),
);

const histogramPoint = shapeOf(
  {
    9: attributes(),
    2: one("startTimeUnixNano", "fixed64"),
    3: one("timeUnixNano", "fixed64"),
    4: one("count", "fixed64"),
    5: one("sum", "double"),
    6: many("bucketCounts", "fixed64"),
    7: many("explicitBounds", "double"),
    10: one("flags", "whole"),
  },
  () => ({
    attributes: "",
    startTimeUnixNano: 0,
    timeUnixNano: 0,
    count: 0,
    sum: undefined,
    bucketCounts: [],
    explicitBounds: [],
    flags: 0,
  }),
);

const buckets = shapeOf({ 1: one("offset", "zigzag"), 2: many("bucketCounts", "whole") }, () => ({
  offset: 0,
  bucketCounts: [],
}));

const exponentialPoint = shapeOf(
  {
    1: attributes(),
    2: one("startTimeUnixNano", "fixed64"),
    3: one("timeUnixNano", "fixed64"),
    4: one("count", "fixed64"),
    5: one("sum", "double"),
    6: one("scale", "zigzag"),
    7: one("zeroCount", "fixed64"),
    8: one("positive", buckets),
    9: one("negative", buckets),
    10: one("flags", "whole"),
    14: one("zeroThreshold", "double"),
  },
  () => ({
    attributes: "",
    startTimeUnixNano: 0,
    timeUnixNano: 0,
    count: 0,
    sum: undefined,
    scale: 0,
    zeroCount: 0,
    positive: undefined,
    negative: undefined,
    flags: 0,
    zeroThreshold: 0,
  }),
);

const quantileValue = shapeOf({ 1: one("quantile", "double"), 2: one("value", "double") }, () => ({
  quantile: 0,
  value: 0,
}));

const summaryPoint = shapeOf(
  {
    7: attributes(),
    2: one("startTimeUnixNano", "fixed64"),
    3: one("timeUnixNano", "fixed64"),
    4: one("count", "fixed64"),
    5: one("sum", "double"),
    6: many("quantileValues", quantileValue),
    8: one("flags", "whole"),
  },
  () => ({
    attributes: "",
    startTimeUnixNano: 0,
    timeUnixNano: 0,
    count: 0,
    sum: 0,
    quantileValues: [],
    flags: 0,
  }),
);

/** A metric's data: its points, and for those that have one how they are to be read. */
const data = (point: Shape): Shape =>
  shapeOf(
    {
      1: many("dataPoints", point),
      2: one("aggregationTemporality", "whole"),
      3: one("isMonotonic", "whole"),
    },
    () => ({ dataPoints: [], aggregationTemporality: 0, isMonotonic: 0 }),
  );

const metric = shapeOf(
  {
    1: one("name", "text"),
    3: one("unit", "text"),
    5: one("gauge", data(numberPoint)),
    7: one("sum", data(numberPoint)),
    9: one("histogram", data(histogramPoint)),
    10: one("exponentialHistogram", data(exponentialPoint)),
    11: one("summary", data(summaryPoint)),
  },
  () => ({ name: "", unit: "" }),
);

const resource = shapeOf({ 1: attributes() }, () => ({ attributes: "" }));

/** Resource → scopes → items: the three signals are packed alike. */
function request(outer: string, middle: string, inner: string, item: Shape): Shape {
  const scope = shapeOf({ 2: many(inner, item) }, () => ({ [inner]: [] }));
  const ofResource = shapeOf({ 1: one("resource", resource), 2: many(middle, scope) }, () => ({
    resource: undefined,
    [middle]: [],
  }));
  return shapeOf({ 1: many(outer, ofResource) }, () => ({ [outer]: [] }));
}

export const metricsRequest: Shape = request("resourceMetrics", "scopeMetrics", "metrics", metric);

const status = shapeOf({ 3: one("code", "whole") }, () => ({ code: 0 }));

const span = shapeOf(
  {
    5: one("name", "text"),
    6: one("kind", "whole"),
    7: one("startTimeUnixNano", "fixed64"),
    8: one("endTimeUnixNano", "fixed64"),
    15: one("status", status),
  },
  () => ({ name: "", kind: 0, startTimeUnixNano: 0, endTimeUnixNano: 0, status: undefined }),
);

export const tracesRequest: Shape = request("resourceSpans", "scopeSpans", "spans", span);

const logRecord = shapeOf(
  {
    1: one("timeUnixNano", "fixed64"),
    2: one("severityNumber", "whole"),
    3: one("severityText", "text"),
    5: one("body", "raw"),
    11: one("observedTimeUnixNano", "fixed64"),
  },
  () => ({
    timeUnixNano: 0,
    severityNumber: 0,
    severityText: "",
    body: "",
    observedTimeUnixNano: 0,
  }),
);

export const logsRequest: Shape = request("resourceLogs", "scopeLogs", "logRecords", logRecord);
