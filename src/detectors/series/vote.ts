// Several models, or tests, on one series: an alarm when so many of them agree.
import type { Band, SeriesModel } from "./model.ts";
import { createSlots, type Slots } from "./slots.ts";

/** After so many points without as many votes, the next are another event. */
const eventPoints = 60;

/**
 * A score of votes: 0.5, which is an alarm at a budget of 1, from `consensus` votes on. It is no
 * calibrated one: how often so many agree by chance is not known.
 */
export function vote(name: string, models: readonly SeriesModel[], consensus: number): SeriesModel {
  const slots = createSlots();
  const ballot = createBallot(slots, consensus);
  const places = models.map((model) => ({ model, at: slots.take(model.size) }));
  const view = (state: Float64Array, at: number, size: number): Float64Array =>
    state.subarray(at, at + size);
  return {
    name,
    size: slots.size,
    standing: ballot.standing,
    begin(state) {
      ballot.begin(state);
      for (const { model, at } of places) model.begin(view(state, at, model.size));
    },
    observe(state, atMs, value) {
      let votes = 0;
      for (const { model, at } of places) {
        const own = view(state, at, model.size);
        model.observe(own, atMs, value);
        if (model.standing(own) >= 0.5) votes++;
      }
      return ballot.cast(state, votes);
    },
    learnt(state) {
      return Math.min(...places.map(({ model, at }) => model.learnt(view(state, at, model.size))));
    },
    band(state): Band | undefined {
      const standing = places.toSorted((a, b) => standingOf(state, b) - standingOf(state, a));
      const worst = standing[0];
      return worst?.model.band(view(state, worst.at, worst.model.size));
    },
  };

  function standingOf(state: Float64Array, { model, at }: (typeof places)[number]): number {
    return model.standing(view(state, at, model.size));
  }
}

export interface Ballot {
  begin(state: Float64Array): void;
  standing(state: Float64Array): number;
  /** @returns the score when more agree than the event's last alarm told. */
  cast(state: Float64Array, votes: number): number;
}

/** 3 numbers: the last votes, the most that were told, and how long ago so many last agreed. */
export function createBallot(slots: Slots, consensus: number): Ballot {
  const last = slots.take(3);
  const [told, quiet] = [last + 1, last + 2];
  const scoreOf = (votes: number): number => Math.min(1, votes / (2 * consensus));
  return {
    begin: (state: Float64Array): void => void state.fill(0, last, quiet + 1),
    standing: (state: Float64Array): number => scoreOf(state[last] ?? 0),
    cast(state: Float64Array, votes: number): number {
      state[last] = votes;
      const since = votes >= consensus ? 0 : (state[quiet] ?? 0) + 1;
      state[quiet] = since;
      if (since > eventPoints) state[told] = 0;
      if (votes <= (state[told] ?? 0) || votes === 0) return 0;
      state[told] = votes;
      return scoreOf(votes);
    },
  };
}
