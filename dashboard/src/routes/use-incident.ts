// Loads one incident and loads it again whenever the journal says something about it.
import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { IncidentDetail, IncidentView } from "../../../src/protocol/api.ts";
import { ApiError, fetchIncident } from "../api.ts";
import { journal, state } from "../store.ts";

/** Events of one decision come together; one load serves them all. */
const gatherMs = 200;

export interface LoadedIncident {
  readonly detail: Signal<IncidentDetail | undefined>;
  readonly error: Signal<ApiError | undefined>;
}

/** Changes whenever what the list shows of the incident does, even when an event was missed. */
function fingerprint(view: IncidentView | undefined): string {
  if (view === undefined) return "";
  return [view.state, view.title, ...view.actions.map(({ id, state }) => id + state)].join();
}

export function useIncident(id: string): LoadedIncident {
  const detail = useSignal<IncidentDetail | undefined>(undefined);
  const error = useSignal<ApiError | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const wanted = useRef(id);
  const seen = useRef("");
  wanted.current = id;

  const load = async (): Promise<void> => {
    const asked = wanted.current;
    try {
      const loaded = await fetchIncident(asked);
      if (asked !== wanted.current) return;
      detail.value = loaded;
      error.value = undefined;
    } catch (cause) {
      if (asked !== wanted.current) return;
      error.value = cause instanceof ApiError ? cause : new ApiError("BROKEN", String(cause), "");
    }
  };
  const loadSoon = (): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(load, gatherMs);
  };

  // Only another incident starts anew.
  useEffect(() => {
    detail.value = undefined;
    error.value = undefined;
    void load();
    return () => clearTimeout(timer.current);
  }, [id]);
  useSignalEffect(() => {
    if (journal.value?.incidentid === wanted.current) loadSoon();
  });
  useSignalEffect(() => {
    const view = state.value?.incidents.find((one) => one.id === wanted.current);
    const mark = `${wanted.current} ${fingerprint(view)}`;
    if (mark !== seen.current) loadSoon();
    seen.current = mark;
  });
  return { detail, error };
}
