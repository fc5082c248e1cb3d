// A client of the daemon's stream that remembers, word for word, every event it was sent.
import { setTimeout as sleep } from "node:timers/promises";

export interface Witness {
  /** The event as it came over the wire, by its sequence number. */
  readonly told: ReadonlyMap<number, string>;
  /** Events that came twice and differed. */
  readonly different: readonly string[];
  /** Called with each event as it comes. */
  readonly listeners: Set<(text: string) => void>;
  stop(): Promise<void>;
}

const againMs = 20;

/** Listens to whatever daemon answers at `url`, one after the other, from the last event it knows. */
export function listen(url: string): Witness {
  const told = new Map<number, string>();
  const different: string[] = [];
  const listeners = new Set<(text: string) => void>();
  const stopped = new AbortController();
  let last = 0;

  const take = (message: string): void => {
    const field = (name: string): string | undefined =>
      message
        .split("\n")
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2);
    const data = field("data");
    if (field("event") !== "journal" || data === undefined) return;
    const seq = Number(field("id"));
    const before = told.get(seq);
    if (before !== undefined && before !== data)
      different.push(`event ${seq} came in two versions`);
    told.set(seq, data);
    last = Math.max(last, seq);
    if (before === undefined) for (const hear of listeners) hear(data);
  };

  const follow = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await readStream(`${url}/api/stream?after=${last}`, stopped.signal, take);
      } catch {
        // The daemon was killed or is not there yet: that is what this is about.
      }
      await sleep(againMs);
    }
  };
  const over = follow();
  return {
    told,
    different,
    listeners,
    stop: async () => {
      stopped.abort();
      await over;
    },
  };
}

/** Hands on whole messages only: half of one was not told. */
async function readStream(
  url: string,
  signal: AbortSignal,
  take: (message: string) => void,
): Promise<void> {
  const response = await fetch(url, { signal });
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      take(text.slice(0, end));
      text = text.slice(end + 2);
    }
  }
}
