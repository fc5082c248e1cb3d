// Events on their way to the daemon: so many a second, the rest counted.
import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import { linkTextMax } from "../../protocol/link.ts";
import { encodeLink } from "../../protocol/link-wire.ts";
import type { AppEvent } from "../parts/bus.ts";
import { cleanFields, type Plain } from "../parts/clean.ts";
import type { Mask } from "../parts/mask.ts";
import { cut } from "./fit.ts";

export interface Telling {
  /** The line of an event; undefined when it found no room, which the next one tells. */
  line(event: AppEvent, isOpen: boolean): string | undefined;
}

/** In any second. */
const most = 50;

export function createTelling(clock: Clock, mask: Mask): Telling {
  /** When the last events went out, a ring: the oldest is at `next`. */
  const sentAt = new Array<number>(most).fill(Number.NEGATIVE_INFINITY);
  let next = 0;
  let missed = 0;
  return {
    line: ({ type, source, severity, time, data }, isOpen) => {
      const now = clock.now();
      if (!isOpen || now - (sentAt[next] ?? now) < 1_000) {
        missed += 1;
        return undefined;
      }
      sentAt[next] = now;
      next = (next + 1) % most;
      const line = encodeLink({
        kind: "event",
        type: cut(type, linkTextMax),
        source: cut(source || "app", linkTextMax),
        severity,
        time,
        text: cut(textOf(data, mask), linkTextMax),
        missed,
      });
      missed = 0;
      return line;
    },
  };
}

/** What an event carries, for people: `check=database reason="no answer"`; secrets masked. */
function textOf(data: unknown, mask: Mask): string {
  if (data === undefined || data === null) return "";
  if (data instanceof Error) return mask.text(messageOf(data));
  const { plain } = cleanFields({ plain: data }, mask);
  if (!isObject(plain)) return wordOf(plain);
  return Object.entries(plain)
    .map(([key, value]) => `${key}=${wordOf(value)}`)
    .join(" ");
}

function isObject(plain: Plain | undefined): plain is { readonly [name: string]: Plain } {
  return typeof plain === "object" && plain !== null && !Array.isArray(plain);
}

function wordOf(value: Plain | undefined): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
