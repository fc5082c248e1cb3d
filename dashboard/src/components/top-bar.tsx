// The bar that never leaves: project, connection, theme, help and the stop button.
import type { JSX } from "preact";
import { helpShown } from "../keyboard.ts";
import { nowHref } from "../routes/router.ts";
import { state } from "../store.ts";
import { isDark, toggleTheme } from "../theme.ts";
import { ConnectionState } from "./connection.tsx";
import { Mark } from "./mark.tsx";
import { StopButton } from "./stop-button.tsx";

function ThemeButton(): JSX.Element {
  const label = isDark() ? "Light theme" : "Dark theme";
  return (
    <button
      type="button"
      class="icon-button"
      title={label}
      aria-label={label}
      onClick={toggleTheme}
    >
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <circle cx="10" cy="10" r="6.5" fill="none" stroke="currentColor" stroke-width="1.6" />
        <path d="M10 3.5a6.5 6.5 0 0 1 0 13Z" fill="currentColor" />
      </svg>
    </button>
  );
}

function HelpButton(): JSX.Element {
  const show = (): void => {
    helpShown.value = true;
  };
  return (
    <button
      type="button"
      class="icon-button wide-only"
      title="Keyboard help (?)"
      aria-label="Keyboard help"
      onClick={show}
    >
      ?
    </button>
  );
}

export function TopBar(): JSX.Element {
  return (
    <header class="top-bar">
      <a class="brand" href={nowHref} aria-label="Homeostat, start">
        <Mark />
        <span class="project">{state.value?.project ?? "Homeostat"}</span>
      </a>
      <ConnectionState />
      <span class="spring" />
      <ThemeButton />
      <HelpButton />
      <div class="lever-dock">
        <StopButton />
      </div>
    </header>
  );
}
