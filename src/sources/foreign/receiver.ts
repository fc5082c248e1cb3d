// A source that listens: a desk that takes what comes, and the door before it.
import { every } from "../../kernel/clock.ts";
import type { SourceView } from "../../protocol/sources.ts";
import type { SourceContext } from "../source.ts";
import { type DoorOptions, keepDoor } from "./door.ts";
import { type ForeignSource, type ReceiverOptions, whereOf } from "./source.ts";

export interface Desk {
  view(): SourceView;
}

export interface ReceiverKind<D extends Desk> {
  readonly name: string;
  readonly make: (ctx: SourceContext, where: string) => D;
  /** What the door takes, and how the desk answers. */
  readonly door: (desk: D) => Pick<DoorOptions, "takes" | "snappy" | "take" | "failure">;
  /** What the desk does now and then. */
  readonly beat?: { readonly everyMs: number; readonly work: (desk: D) => void };
}

export function receiver<D extends Desk>(
  options: ReceiverOptions,
  { name, make, door, beat }: ReceiverKind<D>,
): ForeignSource {
  const { host, port, token, bodyBytes } = options;
  let desk: D | undefined;
  let trouble: string | undefined;
  return {
    name,
    view: () => desk && { ...desk.view(), ...(trouble === undefined ? {} : { trouble }) },
    start: async (ctx) => {
      const made = make(ctx, whereOf(options));
      desk = made;
      const settings = { host, port, bodyBytes, ...(token === undefined ? {} : { token }) };
      const open = keepDoor({ ...settings, ...door(made) }, ctx, (why) => {
        if (why !== undefined && why !== trouble) {
          ctx.log.error("a source cannot listen, and tries again", { source: name, why });
        }
        trouble = why;
      });
      const { clock, signal } = ctx;
      const beats = beat && every(clock, beat.everyMs, signal, () => beat.work(made));
      await Promise.all([open, beats]);
    },
  };
}
