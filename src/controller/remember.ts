// The state that a journal stands for: of its last snapshot and the events after it, or of all of them.
import type { Store } from "../stores/store.ts";
import { fold } from "./fold.ts";
import { emptyState, openIncidents, type State } from "./state.ts";

export interface Memory {
  readonly state: State;
  /** Keeps a snapshot of a state whose events are all written, when at least so many are new in it. */
  keep(state: State, least?: number): void;
}

/** Some 5 ms of a start; a snapshot takes about as long. */
const snapshotEvery = 500;
/** While something is being healed there are better things to do, up to a limit. */
const busyFactor = 8;

/** `program`: who folds; what another one has made is not used. Absent: no snapshots. */
export function remember(store: Store, program?: string): Memory {
  const found = program === undefined ? undefined : store.takeSnapshot?.();
  const known = found?.program === program ? found : undefined;
  let state = known ? (known.made as State) : emptyState;
  let keptSeq = state.seq;
  for (const event of store.read(keptSeq)) state = fold(state, event);
  return {
    state,
    keep: (now, least = snapshotEvery) => {
      const more = now.seq - keptSeq;
      const isBusy = more < least * busyFactor && openIncidents(now).length > 0;
      if (program === undefined || more < least || isBusy) return;
      keptSeq = now.seq;
      store.keepSnapshot?.({ program, seq: now.seq, made: now });
    },
  };
}
