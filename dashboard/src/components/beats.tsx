// The last 60 seconds of an instance, one bar each; height and hatching tell what colour tells.
import { type Signal, useSignal } from "@preact/signals";
import type { JSX, TargetedEvent } from "preact";
import type { Beat, InstanceView } from "../../../src/protocol/api.ts";
import { plural } from "../format.ts";
import { incidentHref } from "../routes/router.ts";

const words: Readonly<Record<Beat, string>> = {
  ok: "ok",
  sick: "sick",
  down: "down",
  busy: "starting or stopping",
  none: "no reading",
};

/** Whether `beat` is in the unbroken run at the end, which the instance's note is about. */
function isCurrent(beats: readonly Beat[], beat: number): boolean {
  return beats.slice(beat).every((one) => one === beats[beat]);
}

/** "52 s ok, 8 s sick": what a screen reader says of the whole bar. */
function summary(beats: readonly Beat[]): string {
  const counts = new Map<Beat, number>();
  for (const beat of beats) counts.set(beat, (counts.get(beat) ?? 0) + 1);
  return [...counts].map(([beat, count]) => `${count} s ${words[beat]}`).join(", ");
}

function describe(instance: InstanceView, beat: number): readonly string[] {
  const what = instance.beats[beat] ?? "none";
  const agoS = instance.beats.length - 1 - beat;
  const marks = instance.marks.filter((mark) => mark.beat === beat);
  return [
    `${agoS === 0 ? "now" : `${agoS} s ago`}: ${words[what]}`,
    ...(instance.note !== undefined && what !== "ok" && isCurrent(instance.beats, beat)
      ? [instance.note]
      : []),
    ...marks.map((mark) => `${mark.action}, incident ${mark.incident}`),
  ];
}

function Tip(props: { instance: InstanceView; beat: number }): JSX.Element {
  const place = (props.beat + 0.5) / Math.max(1, props.instance.beats.length);
  const [first, ...rest] = describe(props.instance, props.beat);
  return (
    <div class="tip" style={{ left: `${place * 100}%`, translate: `${place * -100}%` }}>
      <b>{first}</b>
      {rest.map((line) => (
        <span key={line}>{line}</span>
      ))}
    </div>
  );
}

function beatAt(event: TargetedEvent<HTMLElement, PointerEvent>, count: number): number {
  const box = event.currentTarget.getBoundingClientRect();
  const at = Math.floor(((event.clientX - box.left) / box.width) * count);
  return Math.min(count - 1, Math.max(0, at));
}

function moved(key: string, beat: number, last: number): number | undefined {
  const to: Record<string, number> = {
    ArrowLeft: Math.max(0, beat - 1),
    ArrowRight: Math.min(last, beat + 1),
    Home: 0,
    End: last,
  };
  return to[key];
}

function Marks(props: { instance: InstanceView }): JSX.Element {
  const count = Math.max(1, props.instance.beats.length);
  return (
    <>
      {props.instance.marks.map((mark) => (
        <a
          key={`${mark.beat} ${mark.action} ${mark.incident}`}
          class="mark-link"
          href={incidentHref(mark.incident)}
          style={{ left: `${((mark.beat + 0.5) / count) * 100}%` }}
          title={`${mark.action}, incident ${mark.incident}`}
        >
          <span class="sr-only">
            {mark.action}: open incident {mark.incident}
          </span>
        </a>
      ))}
    </>
  );
}

export function Beats(props: { instance: InstanceView }): JSX.Element {
  const { instance } = props;
  const at: Signal<number | undefined> = useSignal(undefined);
  const last = instance.beats.length - 1;
  const beat = at.value;
  const hide = (): void => {
    at.value = undefined;
  };
  return (
    <div class="beats-lane">
      <div
        class="beats"
        role="slider"
        tabIndex={0}
        aria-label={`${instance.target}, last minute`}
        aria-readonly="true"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={beat ?? last}
        aria-valuetext={
          beat === undefined ? summary(instance.beats) : describe(instance, beat).join(", ")
        }
        onPointerMove={(event) => {
          at.value = beatAt(event, instance.beats.length);
        }}
        onPointerLeave={hide}
        onFocus={(event) => {
          if (event.currentTarget.matches(":focus-visible")) at.value = last;
        }}
        onBlur={hide}
        onKeyDown={(event) => {
          const to = moved(event.key, beat ?? last, last);
          if (to === undefined) return;
          event.preventDefault();
          at.value = to;
        }}
      >
        {instance.beats.map((one, index) => (
          // A beat has no identity but its place.
          <i key={index} class={`beat beat-${one} ${index === beat ? "is-at" : ""}`} />
        ))}
      </div>
      <Marks instance={instance} />
      {beat === undefined || last < 0 ? null : <Tip instance={instance} beat={beat} />}
      <span class="sr-only">{plural(instance.marks.length, "action")} in the last minute</span>
    </div>
  );
}
