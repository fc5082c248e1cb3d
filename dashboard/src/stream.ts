// Keeps the event stream open: reconnects with back-off and notices a line that has gone dead.
import type { CloudEvent } from "../../src/model/cloudevent.ts";
import type { StateView } from "../../src/protocol/api.ts";
import { ApiError, fetchState } from "./api.ts";
import { accept, connection, heardAt, journal, problem, state } from "./store.ts";

const firstWaitMs = 500;
const longestWaitMs = 8_000;
/** A stream that sends nothing for so long is dead, whatever the socket says. */
const silenceMs = 12_000;

let source: EventSource | undefined;
let waitMs = firstWaitMs;
let retry: ReturnType<typeof setTimeout> | undefined;
let openedAt = 0;

function lost(): void {
  source?.close();
  source = undefined;
  connection.value = state.peek() === undefined ? "connecting" : "reconnecting";
  clearTimeout(retry);
  // Chance keeps many open pages from coming back to a restarted daemon at the same moment.
  retry = setTimeout(open, waitMs * (0.75 + Math.random() / 2));
  waitMs = Math.min(waitMs * 2, longestWaitMs);
}

/** For the first paint, and for the reason when there is none: a stream does not tell it. */
async function first(): Promise<void> {
  try {
    const answer = await fetchState();
    if (state.peek() === undefined) accept(answer);
  } catch (error) {
    if (error instanceof ApiError) problem.value = error;
  }
}

function open(): void {
  clearTimeout(retry);
  source?.close();
  openedAt = Date.now();
  if (state.peek() === undefined) void first();
  const next = new EventSource("/api/stream");
  source = next;
  next.addEventListener("error", () => {
    if (source === next) lost();
  });
  next.addEventListener("state", (event) => {
    waitMs = firstWaitMs;
    connection.value = "live";
    accept(JSON.parse(event.data) as StateView);
  });
  next.addEventListener("journal", (event) => {
    journal.value = JSON.parse(event.data) as CloudEvent;
  });
}

function checkSilence(): void {
  if (source !== undefined && Date.now() - Math.max(openedAt, heardAt.peek()) > silenceMs) lost();
}

/** Tries at once instead of waiting for the back-off; for people and for waking laptops. */
export function reconnectNow(): void {
  waitMs = firstWaitMs;
  open();
}

export function startStream(): void {
  open();
  setInterval(checkSilence, 2_000);
  const wake = (): void => {
    if (!document.hidden && connection.peek() !== "live") reconnectNow();
  };
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
}
