// The one sentence: what is wrong, what was done, whether a person must act.
import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import type { StateView } from "../../../src/protocol/api.ts";
import { badErrors, figuresOf } from "../figures.ts";
import { duration, number, percent, plural } from "../format.ts";
import { isOpen, state } from "../store.ts";
import { verdictLook } from "../words.ts";
import { Shape } from "./shape.tsx";

/** Screen readers hear a new sentence, not each second that it counts. */
function Announcer(): JSX.Element {
  const said = useSignal("");
  useSignalEffect(() => {
    const verdict = state.value?.verdict;
    if (verdict === undefined) return;
    const shape = (text: string): string => text.replace(/\d+([.,]\d+)?( (ms|s|min|h)\b)?/g, "#");
    const text = `${verdictLook[verdict.tone].word}. ${verdict.text}`;
    if (shape(text) !== shape(said.peek())) said.value = text;
  });
  return (
    <div class="sr-only" role="status" aria-live="polite" aria-atomic="true">
      {said.value}
    </div>
  );
}

function Facts(props: { view: StateView }): JSX.Element {
  const all = figuresOf(props.view.services);
  const open = props.view.incidents.filter(isOpen).length;
  const facts: readonly (readonly [text: string, bad?: boolean])[] = [
    [`${all.well} of ${plural(all.replicas, "instance")} healthy`, all.well < all.replicas],
    [open === 0 ? "no open incident" : plural(open, "open incident")],
    ...(all.requests === undefined ? [] : [[`${number(all.requests)} requests/s`] as const]),
    ...(all.errors === undefined
      ? []
      : [[`${percent(all.errors)} errors`, all.errors > badErrors] as const]),
    ...(all.p95 === undefined ? [] : [[`slowest p95 ${duration(all.p95)}`] as const]),
  ];
  return (
    <ul class="facts">
      {facts.map(([text, bad]) => (
        <li key={text} class={bad ? "tone-bad" : ""}>
          {text}
        </li>
      ))}
    </ul>
  );
}

export function Verdict(props: { compact: boolean }): JSX.Element | null {
  const view = state.value;
  if (view === undefined) return null;
  const look = verdictLook[view.verdict.tone];
  const Text = props.compact ? "p" : "h1";
  return (
    <section class={`verdict ${props.compact ? "verdict-compact" : ""}`} aria-label="Verdict">
      <p class={`verdict-tone tone-${look.tone}`}>
        <Shape name={look.shape} />
        {look.word}
      </p>
      <Text class="verdict-text">{view.verdict.text}</Text>
      {props.compact ? null : <Facts view={view} />}
      <Announcer />
    </section>
  );
}
