// Tells an error that only says "the app is stopping" from one that somebody should look at.

/** So many causes are followed; a chain that is longer, or a circle, ends here. */
const deepest = 8;

/**
 * True when `error` is what a wait rejects with because `signal` aborted: its reason, an error that
 * has the reason among its causes (as Node's AbortError), or any AbortError once it has aborted.
 */
export function isInterrupt(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  return causesOf(error).some(
    (cause) => cause === signal.reason || (cause instanceof Error && cause.name === "AbortError"),
  );
}

/** The error and its causes, the outermost first. */
export function causesOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let at = error; at !== undefined && chain.length < deepest; ) {
    chain.push(at);
    at = at instanceof Error ? at.cause : undefined;
  }
  return chain;
}
