// Remembers under which id an error was sent, without keeping the error alive.

export interface EventIds {
  /** The id of the last error that was taken to be sent. */
  lastEventId(): string | undefined;
  /** The id under which this very error was taken; concurrent requests cannot mix it up. */
  eventIdOf(error: unknown): string | undefined;
}

export interface Told extends EventIds {
  add(error: unknown, eventId: string): void;
}

export function createTold(): Told {
  const ids = new WeakMap<object, string>();
  let last: { readonly value: unknown; readonly eventId: string } | undefined;
  return {
    add: (error, eventId) => {
      const isObject = isHeldWeakly(error);
      if (isObject) ids.set(error, eventId);
      last = { value: isObject ? undefined : error, eventId };
    },
    lastEventId: () => last?.eventId,
    eventIdOf: (error) => {
      if (isHeldWeakly(error)) return ids.get(error);
      // A thrown text has no identity: it is the last one or none.
      return last !== undefined && Object.is(last.value, error) ? last.eventId : undefined;
    },
  };
}

function isHeldWeakly(error: unknown): error is object {
  return (typeof error === "object" && error !== null) || typeof error === "function";
}
