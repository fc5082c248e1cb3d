// Takes messages from a source one by one and loses none that came when nobody waited any more.
import { type Delivery, delivery, isDelivery, type Source } from "./delivery.ts";
import { until } from "./until.ts";

export interface Feed {
  /** Undefined when the source has ended or `stop` has aborted. Rejects with the source's error. */
  next(stop: AbortSignal): Promise<Delivery | undefined>;
  /** The source may let go; resolves when it has. */
  close(): Promise<void>;
}

/** What is still asked of a source that cannot be told to stop. */
interface Asked {
  readonly source: Source;
  readonly iterator: AsyncIterator<unknown>;
  pending: Promise<IteratorResult<unknown>> | undefined;
}

/**
 * A source whose iterator has no `return`, as a ZeroMQ socket, gives its next message to whoever
 * asked last: that question is kept for the next feed of the same source.
 */
export function createFeeds(): (source: Source) => Feed {
  let kept: Asked | undefined;
  /** What came after the end and cannot go back is the first that the next feed gives. */
  const left: Delivery[] = [];
  const late = async (pending: Promise<IteratorResult<unknown>>): Promise<void> => {
    try {
      const { done, value } = await pending;
      if (done) return;
      if (isDelivery(value) && value.release) await value.release();
      else left.push(deliveryOf(value));
    } catch {
      // The source broke when nobody used it any more; whoever uses it next will hear of it.
    }
  };
  return (source) => {
    const asked: Asked =
      kept?.source === source
        ? kept
        : { source, iterator: source[Symbol.asyncIterator](), pending: undefined };
    kept = undefined;
    return {
      next: async (stop) => {
        const first = left.shift();
        if (first) return first;
        asked.pending ??= asked.iterator.next();
        const result = await until(asked.pending, stop);
        if (result === undefined) return undefined;
        asked.pending = undefined;
        return result.done ? undefined : deliveryOf(result.value);
      },
      close: async () => {
        const { iterator, pending } = asked;
        if (!iterator.return) {
          kept = asked;
          return;
        }
        if (pending) void late(pending);
        const returned = iterator.return();
        // A generator lets go only after the message that it waits for: nobody waits for that.
        if (pending && isGenerator(iterator)) returned.catch(() => {});
        else await returned;
      },
    };
  };
}

function isGenerator(iterator: AsyncIterator<unknown>): boolean {
  return Object.prototype.toString.call(iterator) === "[object AsyncGenerator]";
}

function deliveryOf(item: unknown): Delivery {
  return isDelivery(item) ? item : delivery({ read: () => item });
}
