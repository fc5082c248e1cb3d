// Work that several may ask for while it is under way: it is done once for all of them.

/** While the work is under way, asking for it again means the same work. */
export function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let under: Promise<T> | undefined;
  return () => {
    under ??= work().finally(() => {
      under = undefined;
    });
    return under;
  };
}
