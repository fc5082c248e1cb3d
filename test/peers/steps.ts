// The steps that scenarios are made of: work whose end one decides, trips, probes, waits.
import type { Guard, Work } from "./library.ts";

export const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Everything that follows from what has happened, and nothing that takes time: no timer runs
 * meanwhile, so a machine that is busy elsewhere changes nothing.
 */
export async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await undefined;
}

export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

export function outcome(run: Promise<unknown>): Promise<Outcome> {
  return run.then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, error }),
  );
}

/** Work whose end the scenario decides. */
export function pending(): { readonly work: Work; end(ok: boolean): void } {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { work: () => promise, end: (ok) => (ok ? resolve("well") : reject(new Error("bad"))) };
}

/** Work that tells whether it was run. */
export function flagged(): { readonly work: Work; readonly ran: boolean } {
  const flag = {
    ran: false,
    work: async () => {
      flag.ran = true;
    },
  };
  return flag;
}

export const works: Work = async () => "well";
export const fails: Work = async () => {
  throw new Error("bad");
};

/** So many calls, one after the other. */
export async function calls(guard: Guard, n: number, work: Work): Promise<void> {
  for (let i = 0; i < n; i++) await outcome(guard.run(work));
}

/**
 * Calls until one is let through; it may still run then. False when none was for so long, and ten
 * calls at least: on a machine that stands still, time alone says nothing.
 */
export async function letThrough(guard: Guard, work: Work, withinMs: number): Promise<boolean> {
  let begun = false;
  const end = performance.now() + withinMs;
  for (let n = 1; ; n++) {
    void outcome(
      guard.run((given) => {
        begun = true;
        return work(given);
      }),
    );
    await settle();
    if (begun) return true;
    if (n >= 10 && performance.now() > end) return false;
    await wait(20);
  }
}
