// Messages that events bring, as an iterator: bounded, and ended in a moment.

export interface Inbox<Item> extends AsyncIterator<Item> {
  /** False when it is over or full. */
  push(item: Item): boolean;
  /** No more comes; what is in it is still given. */
  end(): void;
  /** What is in it is given up; whoever waits or asks next gets the error, once. */
  fail(error: unknown): void;
  return(): Promise<IteratorResult<Item>>;
  readonly size: number;
}

interface Waiter<Item> {
  resolve(result: IteratorResult<Item>): void;
  reject(error: unknown): void;
}

const done = { done: true, value: undefined } as const;

/** `onOver` is told what nobody took; it may take its time, for which `return` waits. */
export function createInbox<Item>(
  most: number,
  onOver: (left: readonly Item[]) => unknown,
): Inbox<Item> {
  const items: Item[] = [];
  const waiters: Waiter<Item>[] = [];
  let over = false;
  let failure: { readonly error: unknown } | undefined;
  let closed: Promise<unknown> | undefined;

  const close = (): Promise<unknown> => {
    over = true;
    closed ??= (async () => onOver(items.splice(0)))();
    return closed;
  };
  return {
    get size() {
      return items.length;
    },
    push: (item) => {
      if (over || (items.length >= most && waiters.length === 0)) return false;
      const waiter = waiters.shift();
      if (waiter) waiter.resolve({ done: false, value: item });
      else items.push(item);
      return true;
    },
    end: () => {
      over = true;
      for (const { resolve } of waiters.splice(0)) resolve(done);
    },
    fail: (error) => {
      if (over) return;
      const waiter = waiters.shift();
      if (waiter) waiter.reject(error);
      else failure = { error };
      for (const { resolve } of waiters.splice(0)) resolve(done);
      // Whoever asked hears of the failure; that of the clearing up would be about the same thing.
      close().catch(() => {});
    },
    next: () => {
      const [item] = items;
      if (items.length > 0) {
        items.shift();
        return Promise.resolve({ done: false, value: item as Item });
      }
      if (failure) {
        const { error } = failure;
        failure = undefined;
        return Promise.reject(error);
      }
      if (over) return close().then(() => done);
      return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
    },
    return: async () => {
      over = true;
      for (const { resolve } of waiters.splice(0)) resolve(done);
      await close();
      return done;
    },
  };
}
