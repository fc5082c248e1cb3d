// Restarts a whole service by hand, after one question.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { ServiceView } from "../../../src/protocol/api.ts";
import { restart } from "../api.ts";
import { attempt, say } from "../toasts.ts";
import { Dialog } from "./dialog.tsx";

export function RestartButton(props: { service: ServiceView }): JSX.Element {
  const { name, replicas } = props.service;
  const asked = useSignal(false);
  const close = (): void => {
    asked.value = false;
  };
  const go = (): void => {
    close();
    say(`Restarting ${name}…`);
    void attempt(() => restart(name), `${name} was restarted.`);
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
          <p>
            {replicas === 1 ? "Its one instance." : `${replicas} instances, one after the other.`}
          </p>
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
