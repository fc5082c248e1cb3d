// Restarts a whole service by hand, after one question.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { ServiceView } from "../../../src/protocol/api.ts";
import { restart } from "../api.ts";
import { plural } from "../format.ts";
import { attempt } from "../toasts.ts";
import { Dialog } from "./dialog.tsx";

export function RestartButton(props: { service: ServiceView }): JSX.Element {
  const { name, replicas } = props.service;
  const asked = useSignal(false);
  const close = (): void => {
    asked.value = false;
  };
  const go = (): void => {
    close();
    void attempt(() => restart(name), `Restart of ${name} was ordered.`);
  };
  return (
    <>
      <button
        type="button"
        class="button button-small"
        onClick={() => {
          asked.value = true;
        }}
      >
        Restart {name}…
      </button>
      {asked.value ? (
        <Dialog label={`Restart ${name}?`} onClose={close}>
          <h2>Restart {name}?</h2>
          <p>This is the whole service: {plural(replicas, "instance")}.</p>
          <div class="buttons">
            <button type="button" class="button button-main" onClick={go}>
              Restart
            </button>
            <button type="button" class="button" autofocus onClick={close}>
              Cancel
            </button>
          </div>
        </Dialog>
      ) : null}
    </>
  );
}
