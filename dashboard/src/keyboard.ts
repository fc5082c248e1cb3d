// Keys for people who do not want to reach for the mouse at three in the morning.
import { type Signal, signal } from "@preact/signals";
import { go, incidentHref, nowHref, route } from "./routes/router.ts";
import { state } from "./store.ts";

export const helpShown: Signal<boolean> = signal(false);
/** Asks the stop button to ask its question. */
export const stopAsked: Signal<boolean> = signal(false);

export const keys: readonly (readonly [string, string])[] = [
  ["j", "next incident"],
  ["k", "previous incident"],
  ["Enter", "open the incident"],
  ["Esc", "back"],
  ["s", "stop all healing (asks first)"],
  ["?", "this help"],
];

function moveFocus(step: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>("[data-incident]")];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step));
  links[next]?.focus();
}

function moveIncident(id: string, step: 1 | -1): void {
  const ids = state.peek()?.incidents.map((incident) => incident.id) ?? [];
  const next = ids[ids.indexOf(id) + step];
  if (ids.includes(id) && next !== undefined) go(incidentHref(next));
}

function move(step: 1 | -1): void {
  const at = route.peek();
  if (at.page === "incident") moveIncident(at.id, step);
  else moveFocus(step);
}

const actions: Readonly<Record<string, () => void>> = {
  j: () => move(1),
  k: () => move(-1),
  s: () => {
    if (state.peek()?.paused === undefined) stopAsked.value = true;
  },
  "?": () => {
    helpShown.value = true;
  },
  Escape: () => {
    // The focus must not vanish together with the panel that is closed.
    document.querySelector<HTMLElement>(".is-opened .instance-name")?.focus();
    if (route.peek().page !== "now") go(nowHref);
  },
};

export function startKeyboard(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const inField = event.target instanceof Element && event.target.closest("input, textarea");
    // An open dialog has its own keys, and Escape of its own.
    if (inField || document.querySelector("dialog[open]")) return;
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
