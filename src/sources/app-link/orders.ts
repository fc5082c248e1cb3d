// The orders that one app was given and has not answered yet.
import { type Clock, deadline } from "../../kernel/clock.ts";
import { formatDuration } from "../../kernel/duration.ts";
import { HomeostatError } from "../../kernel/errors.ts";
import type { FromApp, Order, ToApp } from "../../protocol/link.ts";
import { clean, orderText } from "./words.ts";

export type Answer = Extract<FromApp, { readonly kind: "answer" }>;

/** What an app says it did. */
export type Done = Omit<Extract<Answer, { readonly done: string }>, "kind" | "id">;

export interface Orders {
  /** @throws ORDER_FAILED, TIMED_OUT (it may do it yet), APP_ABSENT when it goes away meanwhile. */
  give(order: Order, by: string, limitMs?: number): Promise<Done>;
  answered(answer: Answer): void;
  /** It is gone: nobody will answer. */
  drop(): void;
}

const answerMs = 10_000;
/** A profile takes up to a minute, and a large heap as long to write. */
const captureMs = 120_000;
const waitingMax = 16;

/** `name`: whom the messages are about; `say` sends, or does nothing when it is gone. */
export function createOrders(name: string, clock: Clock, say: (message: ToApp) => void): Orders {
  const waiting = new Map<number, Omit<PromiseWithResolvers<Done>, "promise">>();
  let lastId = 0;

  const give: Orders["give"] = async (order, by, limitMs = limitOf(order)) => {
    if (waiting.size >= waitingMax) {
      const text = `${name} has ${waiting.size} orders that it has not answered yet`;
      throw new HomeostatError("ORDER_FAILED", text);
    }
    const id = ++lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Done>();
    waiting.set(id, { resolve, reject });
    const time = deadline(clock, limitMs);
    time.signal.addEventListener("abort", () => {
      const text = `${name} did not answer "${orderText(order)}" within ${formatDuration(limitMs)}`;
      reject(new HomeostatError("TIMED_OUT", text));
    });
    try {
      say({ kind: "order", id, order, by });
      return await promise;
    } finally {
      time.done();
      waiting.delete(id);
    }
  };

  return {
    give,
    answered: (answer) => {
      // One that nobody waits for any more came too late: who asked was told so.
      const asked = waiting.get(answer.id);
      if ("error" in answer) {
        const text = `${name}: ${clean(answer.error)} (${clean(answer.code)})`;
        asked?.reject(new HomeostatError("ORDER_FAILED", text));
      } else {
        const { done, file } = answer;
        asked?.resolve({ done: clean(done), ...(file && { file }) });
      }
    },
    drop: () => {
      const text = `${name} went away before it answered`;
      for (const { reject } of waiting.values()) reject(new HomeostatError("APP_ABSENT", text));
    },
  };
}

function limitOf({ kind }: Order): number {
  return kind === "capture" ? captureMs : answerMs;
}
