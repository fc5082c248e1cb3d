// Dark or light: the system's choice until a person makes another, which is remembered.
import { effect, type Signal, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const key = "homeostat.theme";

/** Storage may be forbidden; then the choice lasts as long as the page. */
function remembered(): Theme {
  try {
    const value = localStorage.getItem(key);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

export const theme: Signal<Theme> = signal(remembered());

const query = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(query.matches);
query.addEventListener("change", () => {
  systemDark.value = query.matches;
});

export const isDark = (): boolean =>
  theme.value === "system" ? systemDark.value : theme.value === "dark";

export function toggleTheme(): void {
  theme.value = isDark() ? "light" : "dark";
  try {
    localStorage.setItem(key, theme.value);
  } catch {
    // Forbidden storage is no reason to refuse the choice.
  }
}

export function startTheme(): void {
  effect(() => {
    const root = document.documentElement;
    if (theme.value === "system") root.removeAttribute("data-theme");
    else root.dataset.theme = theme.value;
  });
}
