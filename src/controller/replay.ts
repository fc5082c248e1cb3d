// Replay: the inputs of a journal go through the pure step again and must give the same decisions.
import { toCloudEvent } from "../model/cloudevent.ts";
import { type Event, type InputDraft, isInput } from "../model/event.ts";
import type { Tick } from "../stores/store.ts";
import { emptyMind, type Input, type Mind, type Step, type Stepped } from "./step.ts";

export interface Replayed {
  readonly inputs: number;
  readonly ticks: number;
  readonly decisions: number;
  /** Ticks whose decisions a dying daemon had not made durable: they did not happen. */
  readonly unfinished: number;
  readonly difference?: Difference;
  readonly mind: Mind;
}

export interface Difference {
  readonly seq: number;
  readonly journal: string | undefined;
  readonly replay: string | undefined;
}

/** Byte for byte: events are compared as the envelopes that stand in the journal. */
export function replay(
  step: Step,
  events: Iterable<Event>,
  ticks: Iterable<Tick>,
  project: string,
): Replayed {
  const journal = [...events];
  const pending = [...ticks];
  let mind = emptyMind;
  let [inputs, decisions, unfinished, at, ticked] = [0, 0, 0, 0, 0];
  const done = (difference?: Difference): Replayed => ({
    inputs,
    ticks: ticked,
    decisions,
    unfinished,
    ...(difference ? { difference } : {}),
    mind,
  });
  const compare = (stepped: Stepped): Difference | undefined => {
    for (const [i, event] of stepped.events.entries()) {
      const held = journal[at + i];
      const wanted = held ? JSON.stringify(toCloudEvent(held, project)) : undefined;
      const got = JSON.stringify(toCloudEvent(event, project));
      if (wanted !== got) return { seq: event.seq, journal: wanted, replay: got };
    }
    return undefined;
  };
  for (;;) {
    const { seq } = mind.state;
    const tick = pending[ticked + unfinished];
    const event = journal[at];
    const input = inputOf(tick, event, seq);
    if (input === "end") return done();
    if (input === "gap") {
      const held = event ? JSON.stringify(toCloudEvent(event, project)) : undefined;
      return done({ seq: seq + 1, journal: held, replay: undefined });
    }
    const stepped = step(mind, input);
    const difference = compare(stepped);
    if (difference && input.kind === "tick" && isCut(event)) {
      unfinished += 1;
      continue;
    }
    if (difference) return done(difference);
    mind = stepped.mind;
    at += stepped.events.length;
    if (input.kind === "tick") ticked += 1;
    else inputs += 1;
    decisions += stepped.events.length - (input.kind === "event" ? 1 : 0);
  }
}

/** A tick stood before the event that follows it in the journal. */
function inputOf(
  tick: Tick | undefined,
  event: Event | undefined,
  seq: number,
): Input | "end" | "gap" {
  if (tick && tick.afterSeq === seq) {
    return { kind: "tick", readings: tick.readings, atMs: tick.atMs };
  }
  if (!event) return tick ? "gap" : "end";
  if (!isInput(event)) return "gap";
  const { type, subject, data, incident } = event;
  const draft = { type, subject, data, ...(incident === undefined ? {} : { incident }) };
  return { kind: "event", draft: draft as InputDraft, atMs: event.atMs };
}

/** Where a daemon died: what it had decided last is not in the journal. */
function isCut(event: Event | undefined): boolean {
  return event === undefined || event.type === "daemon.started";
}
