// What `homeostat status` says of figures that others send or show.
import type { StateView } from "../../protocol/api.ts";
import type { SourceView } from "../../protocol/sources.ts";
import { paint, say } from "../print.ts";

/** A line for each source, and one for what it leaves out. */
export function saySources({ sources = [] }: StateView): void {
  if (sources.length === 0) return;
  say();
  for (const it of sources) {
    const lines = sourceLines(it);
    for (const [i, line] of lines.entries()) {
      say(i === 0 ? line : paint("warn", line));
    }
  }
}

export function sourceLines(source: SourceView): readonly string[] {
  const { name, where, taken, series, seriesMax, refused, unmapped, trouble } = source;
  const lines = [`${name} (${where}): ${taken} points of ${series} series`];
  if (trouble !== undefined) lines.push(`  does not work: ${trouble}`);
  const lost = Object.entries(refused).map(([reason, count]) => `${count} ${reason}`);
  if (lost.length > 0) lines.push(`  left out: ${lost.join(", ")}`);
  if ("series limit" in refused) lines.push(`  more than ${seriesMax} series came: raise series`);
  const strangers = Object.entries(unmapped).map(([theirs, count]) => `${count} of ${theirs}`);
  if (strangers.length > 0) {
    const more = strangers.length > 5 ? `, and ${strangers.length - 5} more names` : "";
    lines.push(`  of no service here: ${strangers.slice(0, 5).join(", ")}${more}`);
  }
  return lines;
}
