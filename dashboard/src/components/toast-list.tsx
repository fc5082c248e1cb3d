// Shows what a click did, or why it could not be done and what helps.
import type { JSX } from "preact";
import { dismiss, toasts } from "../toasts.ts";
import { Shape } from "./shape.tsx";

export function ToastList(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class="toast">
          <Shape name={toast.tone === "ok" ? "check" : "cross"} tone={toast.tone} />
          <p>
            {toast.message}
            {toast.hint === "" ? null : <span>{toast.hint}</span>}
          </p>
          <button
            type="button"
            class="icon-button"
            aria-label="Dismiss"
            onClick={() => dismiss(toast.id)}
          >
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
