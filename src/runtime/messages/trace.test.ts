// One message, one trace: the header, the envelope, and OpenTelemetry's own API.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { after, before, describe, test } from "node:test";
import * as otel from "@opentelemetry/api";
import { W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { seeded } from "../../kernel/random.ts";
import {
  newSpanId,
  newTraceId,
  readTraceparent,
  writeTraceparent,
} from "../parts/trace-context.ts";
import { answerIn, type Envelope, envelope, open } from "./envelope.ts";
import { relay } from "./relay.ts";
import { currentTrace, readBaggage, type Trace, writeBaggage } from "./trace.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const traceparent = `00-${traceId}-${parentId}-01`;
const never = new AbortController().signal;

async function* all<T>(...items: readonly T[]) {
  yield* items;
}

describe("traceparent", () => {
  test("is read as the standard says", () => {
    const of = { traceId, spanId: parentId, flags: 1 };
    assert.deepEqual(readTraceparent(traceparent), of);
    assert.equal(writeTraceparent(of), traceparent);
    assert.deepEqual(readTraceparent(`cc-${traceId}-${parentId}-09-what.else`), of);
    const wrong = [
      undefined,
      1,
      "",
      `ff-${traceId}-${parentId}-01`,
      `${traceparent}-more`,
      `${traceparent}0`,
      `cc-${traceId}-${parentId}-01.more`,
      traceparent.toUpperCase(),
      `00-${"0".repeat(32)}-${parentId}-01`,
      `00-${traceId}-${"0".repeat(16)}-01`,
      `00-${traceId.slice(1)}-${parentId}-01`,
      `cc-${traceId}-${parentId}-01-${"x".repeat(500)}`,
    ];
    for (const text of wrong) assert.equal(readTraceparent(text), undefined, String(text));
  });

  test("new identifiers are never all zeros", () => {
    const none = () => 0;
    assert.match(newTraceId(none), /^0{31}1$/);
    assert.match(newSpanId(none), /^0{15}1$/);
    assert.match(newTraceId(seeded(1)), /^[\da-f]{32}$/);
  });
});

describe("envelope", () => {
  test("carries data and trace through JSON and back", () => {
    const sent = envelope({ n: 1 }, { traceparent, tracestate: "v=1", baggage: "device.name=a" });
    const got = open(JSON.parse(JSON.stringify(sent)));
    assert.deepEqual(got, {
      data: { n: 1 },
      traceparent,
      tracestate: "v=1",
      baggage: "device.name=a",
    });
  });

  test("begins a trace where there is none, or a broken one", () => {
    const fresh = envelope(1, { random: seeded(1) });
    assert.ok(readTraceparent(fresh.traceparent));
    const broken = envelope(1, { traceparent: "00-1-2-3", tracestate: "v=1" });
    assert.ok(readTraceparent(broken.traceparent));
    assert.equal(broken.tracestate, undefined);
  });

  test("what is no envelope is data; a CloudEvent keeps its fields and gives its trace", () => {
    assert.deepEqual(open("text"), { data: "text" });
    assert.deepEqual(open({ data: 1 }), { data: { data: 1 } });
    const event = { specversion: "1.0", id: "1", data: { n: 1 }, traceparent };
    assert.deepEqual(open(event), { data: event, traceparent });
  });

  test("an answer without data says why", () => {
    assert.equal(answerIn(envelope(7)), 7);
    const refused = { ...envelope(null), error: { message: "too late", code: "TIMED_OUT" } };
    assert.throws(() => answerIn(refused), {
      code: "ACTION_FAILED",
      message: "no answer: too late",
    });
  });

  test("baggage is written and read, whatever is in it", () => {
    const pairs = { "device.name": "küche, oben; links=1" };
    assert.deepEqual(readBaggage(writeBaggage(pairs)), pairs);
    assert.deepEqual(readBaggage("a=1;p=2, b = %zz ,=3,c"), { a: "1", b: "%zz" });
    assert.deepEqual(readBaggage(undefined), {});
  });
});

/** What each message saw, and what was passed on. */
async function run(messages: readonly unknown[], api?: typeof otel) {
  const seen: Trace[] = [];
  const sent: Envelope[] = [];
  await relay({
    name: "traced",
    random: seeded(7),
    from: all(...messages),
    to: (message) => void sent.push(message),
    process: async (data, { trace }) => {
      await Promise.resolve();
      assert.equal(currentTrace(), trace);
      seen.push(trace);
      return data;
    },
    ...(api && { otel: api }),
  }).run(never);
  return { seen, sent };
}

describe("one message is one trace", () => {
  test("a child span continues the sender's trace; what is sent names it as its parent", async () => {
    const fields = { traceparent, tracestate: "v=1", baggage: "device.name=a" };
    const { seen, sent } = await run([{ data: 1, ...fields }, 2]);
    const [first, second] = seen;
    assert.equal(first?.traceId, traceId);
    assert.equal(first?.parentSpanId, parentId);
    assert.notEqual(first?.spanId, parentId);
    assert.deepEqual(sent[0], {
      data: 1,
      ...fields,
      traceparent: `00-${traceId}-${first?.spanId}-01`,
    });
    assert.notEqual(second?.traceId, traceId);
    assert.deepEqual([second?.parentSpanId, second?.baggage], [undefined, undefined]);
    assert.equal(currentTrace(), undefined);
  });

  test("messages at once do not mix their traces", async () => {
    const seen: (readonly [unknown, string | undefined])[] = [];
    const ids = ["1", "2", "3"].map((digit) => digit.repeat(32));
    const messages = ids.map((id) => ({ data: id, traceparent: `00-${id}-${parentId}-00` }));
    await relay({
      name: "at once",
      inFlight: 3,
      from: all(...messages),
      to: () => {},
      process: async (id) => {
        await new Promise((resolve) => setImmediate(resolve));
        seen.push([id, currentTrace()?.traceId]);
      },
    }).run(never);
    assert.deepEqual(
      seen,
      ids.map((id) => [id, id]),
    );
  });
});

describe("with the API of OpenTelemetry", () => {
  const store = new AsyncLocalStorage<otel.Context>();
  const spans: string[] = [];
  const manager: otel.ContextManager = {
    active: () => store.getStore() ?? otel.ROOT_CONTEXT,
    with: (context, work, self, ...given) => store.run(context, () => work.apply(self, given)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  before(() => {
    otel.context.setGlobalContextManager(manager);
    const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
    otel.propagation.setGlobalPropagator({
      inject: (...given) => propagators.forEach((it) => void it.inject(...given)),
      extract: (context, ...given) =>
        propagators.reduce((from, it) => it.extract(from, ...given), context),
      fields: () => [],
    });
  });
  after(() => {
    otel.context.disable();
    otel.propagation.disable();
    otel.trace.disable();
  });

  test("the app's own spans are within the message's trace, with its baggage", async () => {
    const { seen, sent } = await run([{ data: 1, traceparent, baggage: "device.name=a" }, 2], otel);
    assert.deepEqual([seen[0]?.traceId, seen[0]?.parentSpanId], [traceId, parentId]);
    // Nobody records spans: the parent of what is sent is the sender's own span.
    assert.equal(sent[0]?.traceparent, traceparent);
    assert.equal(sent[0]?.baggage, "device.name=a");
    assert.equal(readTraceparent(sent[1]?.traceparent)?.traceId, seen[1]?.traceId);
  });

  test("where spans are recorded the message is one of them, and ends", async () => {
    const tracer = recorder(spans);
    otel.trace.setGlobalTracerProvider({ getTracer: () => tracer });
    const message = { data: 1, traceparent };
    const outside = otel.propagation.createBaggage({ outside: { value: "1" } });
    const context = otel.propagation.setBaggage(otel.ROOT_CONTEXT, outside);
    const { seen, sent } = await otel.context.with(context, () => run([message, 2], otel));
    assert.deepEqual(
      seen.map(({ spanId }) => spanId),
      ["00000000000000a1", "00000000000000a2"],
    );
    assert.equal(sent[0]?.traceparent, `00-${traceId}-00000000000000a1-01`);
    assert.equal(sent[1]?.baggage, undefined);
    assert.deepEqual(spans, [
      `process traced 4 in ${traceId}`,
      "ended",
      "process traced 4 in nothing",
      "ended",
    ]);
  });
});

/** A tracer as an SDK would be: it has ids of its own and writes down what is asked of it. */
function recorder(spans: string[]): otel.Tracer {
  let last = 0xa0;
  return {
    startSpan: (name, options, context = otel.ROOT_CONTEXT) => {
      const parent = otel.trace.getSpanContext(context);
      spans.push(`${name} ${options?.kind} in ${parent?.traceId ?? "nothing"}`);
      last += 1;
      const spanId = last.toString(16).padStart(16, "0");
      const id = parent?.traceId ?? spanId.repeat(2);
      const span = otel.trace.wrapSpanContext({ traceId: id, spanId, traceFlags: 1 });
      return Object.assign(span, { end: () => void spans.push("ended") });
    },
    startActiveSpan: () => assert.fail("not used"),
  };
}
