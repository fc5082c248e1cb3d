// Server-sent events: the journal as it grows, and the state about once a second.
import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { CloudEvent } from "../model/cloudevent.ts";
import type { StateView } from "../protocol/api.ts";

export interface Stream {
  /** Calls back with each durable event and with each beat of the state; returns the way out. */
  subscribe(listener: (what: { readonly journal: CloudEvent } | "state") => void): () => void;
  /** Durable events after `seq`, for a client that was away. */
  since(seq: number): Iterable<CloudEvent>;
}

/** A client that is so many events behind is cut off; it comes back with its last id. */
const backlogMax = 10_000;

export function streamTo(c: Context, stream: Stream, state: () => StateView): Response {
  const last = Number(c.req.header("last-event-id") ?? c.req.query("after") ?? Number.NaN);
  return streamSSE(c, async (out) => {
    const waiting: (CloudEvent | "state")[] = [];
    let wake: () => void = () => {};
    let open = true;
    const leave = stream.subscribe((what) => {
      if (what === "state") {
        if (!waiting.includes("state")) waiting.push("state");
      } else waiting.push(what.journal);
      if (waiting.length > backlogMax) open = false;
      wake();
    });
    out.onAbort(() => {
      open = false;
      leave();
      wake();
    });
    try {
      let sent = 0;
      if (Number.isInteger(last)) {
        for (const event of stream.since(last)) {
          await sendEvent(out, event);
          sent = Number(event.sequence);
        }
      }
      await sendState(out, state());
      while (open) {
        const next = waiting.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        if (next === "state") await sendState(out, state());
        else if (Number(next.sequence) > sent) await sendEvent(out, next);
      }
    } finally {
      leave();
    }
  });
}

function sendState(out: SSEStreamingApi, view: StateView): Promise<void> {
  return out.writeSSE({ event: "state", data: JSON.stringify(view) });
}

function sendEvent(out: SSEStreamingApi, event: CloudEvent): Promise<void> {
  return out.writeSSE({ event: "journal", id: event.sequence, data: JSON.stringify(event) });
}
