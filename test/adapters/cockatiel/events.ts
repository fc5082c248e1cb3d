// Cockatiel's events: a function that takes a listener and returns what ends its listening.
import { TaskCancelledError } from "./errors.ts";

export interface IDisposable {
  dispose(): void;
}

export type Event<T> = (listener: (data: T) => void) => IDisposable;

export class EventEmitter<T> {
  readonly #listeners = new Map<IDisposable, (data: T) => void>();

  readonly addListener: Event<T> = (listener) => this.listen(listener);

  get size(): number {
    return this.#listeners.size;
  }

  emit(data: T): void {
    for (const listener of [...this.#listeners.values()]) listener(data);
  }

  protected listen(listener: (data: T) => void): IDisposable {
    const disposable = { dispose: () => void this.#listeners.delete(disposable) };
    this.#listeners.set(disposable, listener);
    return disposable;
  }
}

/** Tells whoever listens later of the last event too. */
export class MemorizingEventEmitter<T> extends EventEmitter<T> {
  #last: { readonly data: T } | undefined;

  override readonly addListener: Event<T> = (listener) => {
    const disposable = this.listen(listener);
    if (this.#last) listener(this.#last.data);
    return disposable;
  };

  get hasEmitted(): boolean {
    return this.#last !== undefined;
  }

  override emit(data: T): void {
    this.#last = { data };
    super.emit(data);
  }
}

/** The abort of a signal, past ones included, as an event with its reason. */
export function onAbort(signal: AbortSignal): { readonly event: Event<unknown> } & IDisposable {
  const emitter = new MemorizingEventEmitter<unknown>();
  const abort = (): void => emitter.emit(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return { event: emitter.addListener, dispose: () => signal.removeEventListener("abort", abort) };
}

function once<T>(event: Event<T>, listener: (data: T) => void): IDisposable {
  let told = false;
  let disposable: IDisposable | undefined;
  disposable = event((data) => {
    if (told) return;
    told = true;
    disposable?.dispose();
    listener(data);
  });
  // It may have been told before there was anything to dispose of.
  if (told) disposable.dispose();
  return disposable;
}

/** Rejects with a TaskCancelledError when `signal` aborts first. */
async function toPromise<T>(event: Event<T>, signal?: AbortSignal): Promise<T> {
  if (signal?.aborted) throw new TaskCancelledError();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const listening = once(event, resolve);
  const aborting = signal && onAbort(signal);
  aborting?.event(() => reject(new TaskCancelledError()));
  try {
    return await promise;
  } finally {
    listening.dispose();
    aborting?.dispose();
  }
}

export const Event: {
  readonly once: <T>(event: Event<T>, listener: (data: T) => void) => IDisposable;
  readonly toPromise: <T>(event: Event<T>, signal?: AbortSignal) => Promise<T>;
} = { once, toPromise };
