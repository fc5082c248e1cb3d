// A behaviour with a name, held against the adapter and against the library that it has the shape of.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

export interface Behaviour<Library> {
  readonly name: string;
  /** Fails with an AssertionError where a library behaves otherwise. */
  readonly body: (library: Library) => Promise<void> | void;
  /** Who behaves otherwise, and why; that it still does is tested too. */
  readonly differs?: Partial<Readonly<Record<Who, string>>>;
}

export type Who = "adapter" | "library";

/** One test for each behaviour and each of the two. They mostly wait, so many run at once. */
export function holdAll<Library>(
  libraries: Readonly<Record<Who, Library>>,
  behaviours: readonly Behaviour<Library>[],
): void {
  for (const who of ["adapter", "library"] as const) {
    const library = libraries[who];
    describe(who, { concurrency: 8 }, () => {
      for (const { name, body, differs } of behaviours) {
        const why = differs?.[who];
        if (why === undefined) test(name, () => body(library));
        else test(`not so: ${name} (${why})`, () => fails(() => body(library)));
      }
    });
  }
}

async function fails(body: () => Promise<void> | void): Promise<void> {
  await assert.rejects(async () => body(), assert.AssertionError);
}

export const wait = (ms: number): Promise<void> => sleep(ms);

export const never = (): Promise<never> => new Promise(() => {});

/** What a promise is rejected with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("was not rejected");
}

export const pending: unique symbol = Symbol("pending");

/** What a promise becomes, its rejection included, or `pending` when it takes longer. */
export async function within(ms: number, promise: PromiseLike<unknown>): Promise<unknown> {
  const done = new AbortController();
  const settled = promise.then(
    (value) => value,
    (error: unknown) => error,
  );
  const late = sleep(ms, pending, { signal: done.signal }).catch(() => pending);
  const first = await Promise.race([settled, late]);
  done.abort();
  return first;
}

/** Lets all that is ready run. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits until it is so; a busy machine may take its time. */
export async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    if (condition()) return;
    await sleep(5);
  }
  assert.fail(`never so: ${condition}`);
}

/** A function that does what the list says, one item for each call, the last again and again. */
export function does<T>(...ends: readonly (Error | T)[]): { (): Promise<T>; calls: number } {
  const work = async (): Promise<T> => {
    const end = ends[Math.min(work.calls, ends.length - 1)] as Error | T;
    work.calls += 1;
    if (end instanceof Error) throw end;
    return end;
  };
  work.calls = 0;
  return work;
}
