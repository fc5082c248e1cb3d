// A notice as one message of plain text.
import type { Notice } from "./notifier.ts";

/** Never empty: an empty message is refused. */
export function wordsOf({ incident, title, text, over, urgent, link }: Notice): string {
  const mark = over ? "✅" : urgent ? "🚨" : "🔧";
  const head = title.trim() === "" ? `incident ${incident}` : title;
  return [`${mark} ${head}`, text, link ?? ""].filter((it) => it.trim() !== "").join("\n\n");
}
