// The last lines that an instance wrote, read again every few seconds while the panel is open.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { fetchLogs, type LogLine } from "../api.ts";

const lines = 200;
const everyMs = 3_000;
/** So near the end, a reader wants to follow it. */
const nearEndPx = 40;

export function Logs(props: { service: string; target: string }): JSX.Element {
  const { service, target } = props;
  const read = useSignal<readonly LogLine[] | undefined>(undefined);
  const failed = useSignal("");
  const box = useRef<HTMLPreElement>(null);
  const follow = useRef(true);

  useEffect(() => {
    let gone = false;
    const load = async (): Promise<void> => {
      try {
        const all = await fetchLogs(service, lines);
        if (gone) return;
        read.value = all.filter((line) => line.instance === target);
        failed.value = "";
      } catch (error) {
        if (!gone) failed.value = error instanceof Error ? error.message : String(error);
      }
    };
    void load();
    const timer = setInterval(load, everyMs);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [service, target, read, failed]);

  const shown = read.value ?? [];
  useLayoutEffect(() => {
    if (follow.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [shown]);

  const text =
    shown.length > 0
      ? shown.map((line) => line.text).join("\n")
      : read.value === undefined
        ? "Reading…"
        : "It has not written anything yet.";
  return (
    <div>
      <h4>
        Last lines {failed.value === "" ? null : <span class="tone-bad">{failed.value}</span>}
      </h4>
      <pre
        ref={box}
        class="mono-block"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by key.
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={`Last lines of ${target}`}
        onScroll={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
          follow.current = scrollHeight - scrollTop - clientHeight < nearEndPx;
        }}
      >
        {text}
      </pre>
    </div>
  );
}
