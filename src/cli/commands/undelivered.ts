// What `homeostat status` says of notices that have not reached anybody yet.
import { formatDuration } from "../../kernel/duration.ts";
import type { StateView } from "../../protocol/api.ts";
import { paint, say } from "../print.ts";

/** Pages that have reached nobody yet come first. */
export function sayUndelivered({ undelivered = [], time }: StateView): void {
  const sorted = undelivered.toSorted((a, b) => Number(b.urgent) - Number(a.urgent));
  for (const it of sorted) {
    const ms = Math.max(0, Date.parse(time) - Date.parse(it.since));
    const what = `${it.urgent ? "page" : "notice"} of incident ${it.incident}`;
    const why = it.reason === undefined ? "no answer yet" : it.reason;
    const on = it.passedOn === undefined ? "" : ` ${it.passedOn} was told instead.`;
    const end = it.refused ? " It is not tried again." : "";
    say();
    const text = `Undelivered for ${formatDuration(ms)}: ${what}, by ${it.channel}: ${why}.`;
    say(`${paint(it.urgent ? "bad" : "warn", text)}${end}${on}`);
  }
}
