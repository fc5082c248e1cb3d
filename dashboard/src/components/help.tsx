// The list of keys.
import { Fragment, type JSX } from "preact";
import { helpShown, keys } from "../keyboard.ts";
import { state } from "../store.ts";
import { Dialog } from "./dialog.tsx";

export function Help(): JSX.Element | null {
  if (!helpShown.value) return null;
  const close = (): void => {
    helpShown.value = false;
  };
  return (
    <Dialog label="Keyboard" onClose={close}>
      <h2>Keyboard</h2>
      <dl class="pairs keys">
        {keys.map(([key, what]) => (
          <Fragment key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </Fragment>
        ))}
      </dl>
      <p class="quiet">Homeostat {state.value?.version}</p>
      <div class="buttons">
        <button type="button" class="button" autofocus onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
