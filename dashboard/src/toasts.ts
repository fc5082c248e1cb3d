// Short messages about what a click did, and about what could not be done.
import { type Signal, signal } from "@preact/signals";
import { ApiError } from "./api.ts";

export interface Toast {
  readonly id: number;
  readonly tone: "ok" | "bad";
  readonly message: string;
  readonly hint: string;
}

const mostShown = 3;
const goodStaysMs = 4_000;
const badStaysMs = 12_000;

export const toasts: Signal<readonly Toast[]> = signal([]);
let lastId = 0;

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

function show(tone: Toast["tone"], message: string, hint: string): void {
  lastId += 1;
  const id = lastId;
  toasts.value = [...toasts.value, { id, tone, message, hint }].slice(-mostShown);
  setTimeout(() => dismiss(id), tone === "ok" ? goodStaysMs : badStaysMs);
}

export const say = (message: string): void => show("ok", message, "");

export function complain(error: unknown): void {
  if (error instanceof ApiError) show("bad", error.message, error.hint);
  else show("bad", error instanceof Error ? error.message : String(error), "");
}

/** Does `work`, says `done` when it worked, and the error's message and hint when it did not. */
export async function attempt(work: () => Promise<void>, done: string): Promise<boolean> {
  try {
    await work();
    say(done);
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}
