// Server-sent events: the journal as it grows, and the state about once a second.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { CloudEvent } from "../model/cloudevent.ts";
import type { StateView } from "../protocol/api.ts";
import type { Asked, Reply } from "./router.ts";

export interface Stream {
  /** Calls back with each durable event and with each beat of the state; returns the way out. */
  subscribe(listener: (what: { readonly journal: CloudEvent } | "state") => void): () => void;
  /** Durable events after `seq`, for a client that was away. */
  since(seq: number): Iterable<CloudEvent>;
}

/** A client that is so many events behind is cut off; it comes back with its last id. */
const backlogMax = 10_000;

export function streamTo(asked: Asked, stream: Stream, state: () => StateView): Reply {
  const last = Number(asked.header("last-event-id") ?? asked.query("after") ?? Number.NaN);
  const headers = { "content-type": "text/event-stream", "cache-control": "no-cache" };
  return { status: 200, headers, body: (out) => write(out, stream, state, last) };
}

/** Until the client is gone, or is too far behind. */
async function write(
  out: ServerResponse,
  stream: Stream,
  state: () => StateView,
  last: number,
): Promise<void> {
  const waiting: (CloudEvent | "state")[] = [];
  const gone = new AbortController();
  const { signal } = gone;
  let wake: () => void = () => {};
  const leave = stream.subscribe((what) => {
    if (what === "state") {
      if (!waiting.includes("state")) waiting.push("state");
    } else waiting.push(what.journal);
    if (waiting.length > backlogMax) gone.abort();
    wake();
  });
  out.once("close", () => gone.abort());
  signal.addEventListener("abort", () => wake(), { once: true });
  try {
    let sent = 0;
    if (Number.isInteger(last)) {
      for (const event of stream.since(last)) {
        await put(out, eventText(event), signal);
        sent = Number(event.sequence);
      }
    }
    await put(out, stateText(state()), signal);
    while (!signal.aborted) {
      const next = waiting.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if (next === "state") await put(out, stateText(state()), signal);
      else if (Number(next.sequence) > sent) await put(out, eventText(next), signal);
    }
  } finally {
    leave();
  }
}

/** @throws when the client is gone. */
async function put(out: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!out.write(text)) await once(out, "drain", { signal });
}

function stateText(view: StateView): string {
  return `event: state\ndata: ${JSON.stringify(view)}\n\n`;
}

function eventText(event: CloudEvent): string {
  return `event: journal\nid: ${event.sequence}\ndata: ${JSON.stringify(event)}\n\n`;
}
