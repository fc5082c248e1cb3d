// The safety lever: stops all healing after one question, and starts it again.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { pause, resume } from "../api.ts";
import { stopAsked } from "../keyboard.ts";
import { state } from "../store.ts";
import { attempt } from "../toasts.ts";
import { Dialog } from "./dialog.tsx";
import { Shape } from "./shape.tsx";

export function StopButton(): JSX.Element | null {
  const busy = useSignal(false);
  if (state.value === undefined) return null;
  const paused = state.value.paused !== undefined;
  const start = async (): Promise<void> => {
    busy.value = true;
    await attempt(resume, "Healing is on again.");
    busy.value = false;
  };
  const press = (): void => {
    if (paused) void start();
    else stopAsked.value = true;
  };
  return (
    <button
      type="button"
      class={paused ? "lever lever-resume" : "lever lever-stop"}
      disabled={busy.value}
      onClick={press}
    >
      <Shape name={paused ? "play" : "octagon"} />
      <span>{paused ? "Resume" : "Stop"}</span>
      <span class="sr-only">healing</span>
    </button>
  );
}

export function StopQuestion(): JSX.Element | null {
  const reason = useSignal("");
  if (!stopAsked.value) return null;
  const close = (): void => {
    stopAsked.value = false;
  };
  const stop = (event: Event): void => {
    event.preventDefault();
    // Closed at once: what went wrong is told in a toast, and that would lie under the dialog.
    close();
    const why = reason.value.trim() || "stopped from the dashboard";
    void attempt(() => pause(why), "Healing is stopped.");
  };
  return (
    <Dialog label="Stop all healing?" onClose={close}>
      <form onSubmit={stop}>
        <h2>Stop all healing?</h2>
        <p>
          Services keep running. Nothing is restarted, degraded or rolled back until you resume.
        </p>
        <label class="field">
          <span>Reason (optional)</span>
          <input
            type="text"
            maxLength={200}
            placeholder="e.g. maintenance of the database"
            value={reason.value}
            onInput={(event) => {
              reason.value = event.currentTarget.value;
            }}
          />
        </label>
        <div class="buttons">
          <button type="submit" class="button button-danger" autofocus>
            <Shape name="octagon" />
            Stop healing
          </button>
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
