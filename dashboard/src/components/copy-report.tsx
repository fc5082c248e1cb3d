// Puts the incident's report on the clipboard as Markdown.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { fetchReport } from "../api.ts";
import { attempt } from "../toasts.ts";

/** Browsers offer the clipboard only on HTTPS and localhost; elsewhere the old way still works. */
async function copy(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr-only";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("This browser did not let the page copy.");
}

export function CopyReport(props: { id: string }): JSX.Element {
  const busy = useSignal(false);
  const press = async (): Promise<void> => {
    busy.value = true;
    await attempt(async () => copy(await fetchReport(props.id)), "Copied as Markdown.");
    busy.value = false;
  };
  return (
    <button type="button" class="button" disabled={busy.value} onClick={press}>
      Copy as Markdown
    </button>
  );
}
