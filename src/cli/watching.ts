// Follows what an order does to the instances it is about, and shows it while it lasts.
import { systemClock } from "../kernel/clock.ts";
import { formatDuration } from "../kernel/duration.ts";
import type { InstanceView, ServiceView, StateView } from "../protocol/api.ts";
import { healthTones, wordOf } from "./commands/instances.ts";
import type { Client } from "./context.ts";
import { paint } from "./print.ts";
import { progress, type Row } from "./progress.ts";

export interface Watched {
  readonly client: Client;
  readonly isMeant: (service: ServiceView) => boolean;
  /** Whether an instance has come to where it is to be. */
  readonly isDone: (word: string, now: InstanceView, before: InstanceView | undefined) => boolean;
  /** Nothing is shown. */
  readonly quiet: boolean;
  /** As it was before the order; asked for when it is not given. */
  readonly before?: StateView;
}

const pollMs = 150;
/** What takes less is no matter. */
const toldMs = 500;

/** Resolves with the work, whatever can be seen of it. */
export async function watching<T>(watched: Watched, work: Promise<T>): Promise<T> {
  const { client, quiet } = watched;
  let isOver = false;
  const over = work.then(
    () => {},
    () => {},
  );
  void over.then(() => {
    isOver = true;
  });
  if (quiet) return work;
  const shown = progress();
  const since = new Map<string, Seen>();
  let { before } = watched;
  try {
    while (!isOver) {
      // A daemon that is ending answers no more: what was seen last stands.
      const view = await client.get<StateView>("/api/state").catch(() => undefined);
      before ??= view;
      if (view) shown.show(rowsOf(view, before, watched, since));
      await Promise.race([over, systemClock.sleep(pollMs)]);
    }
  } finally {
    shown.end();
  }
  return work;
}

interface Seen {
  readonly word: string;
  readonly atMs: number;
}

function rowsOf(
  view: StateView,
  before: StateView | undefined,
  { isMeant, isDone }: Watched,
  since: Map<string, Seen>,
): readonly Row[] {
  const all = before?.services.flatMap(({ instances }) => instances) ?? [];
  const old = new Map(all.map((it) => [it.target, it]));
  const meant = view.services.filter(isMeant);
  const names = meant.flatMap(({ instances }) => instances.map(({ target }) => target.length));
  const width = Math.max(0, ...names);
  return meant.flatMap((service) =>
    service.instances.map((now) => {
      const { target } = now;
      const word = wordOf(service, now);
      const known = since.get(target);
      const seen = known?.word === word ? known : { word, atMs: systemClock.now() };
      since.set(target, seen);
      const state = isDone(word, now, old.get(target)) ? "done" : stateOf(word, now);
      const text = `${paint("bold", target.padEnd(width))}  ${tellWord(word, state, seen)}`;
      return { name: target, word, state, text };
    }),
  );
}

function stateOf(word: string, { state }: InstanceView): Row["state"] {
  if (word === "sick" || word === "failed") return "bad";
  return state === "starting" || state === "stopping" ? "works" : "waits";
}

function tellWord(word: string, state: Row["state"], { atMs }: Seen): string {
  const text = paint(healthTones[word] ?? "warn", word);
  const tookMs = systemClock.now() - atMs;
  if (state !== "works" || tookMs < toldMs) return text;
  return `${text}  ${paint("dim", formatDuration(tookMs))}`;
}
