// The looks of the error page: quiet, readable, light and dark, with nothing from elsewhere.
import { createHash } from "node:crypto";

export const style = `
:root {
  color-scheme: light dark;
  --bg: light-dark(#faf9f7, #131519);
  --field: light-dark(#fff, #1a1d22);
  --sunken: light-dark(#f2f0ec, #1c2026);
  --line: light-dark(#e4e1db, #2b3038);
  --edge: light-dark(#8b867d, #6b7482);
  --ink: light-dark(#1b1e24, #eceef1);
  --quiet: light-dark(#5b616b, #a3abb6);
  --accent: light-dark(#2358b8, #86b4ff);
  --accent-hover: light-dark(#1b4796, #a6c8ff);
  --on-accent: light-dark(#fff, #0c1526);
  --bad: light-dark(#b3261e, #ff8a7d);
  --ok: light-dark(#24734a, #63c292);
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
* { box-sizing: border-box; margin: 0; }
body {
  background: var(--bg);
  color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  min-height: 100dvh;
  padding: clamp(2.5rem, 12vh, 8rem) 1.5rem 4rem;
}
main { max-width: 34rem; margin: 0 auto; }
.pulse { display: block; width: 5.5rem; height: 2rem; margin-bottom: 1.75rem; overflow: visible; }
.pulse path { fill: none; stroke: var(--bad); stroke-width: 2.25; stroke-linecap: round; stroke-linejoin: round; }
.pulse .flat { stroke: var(--line); }
.well .pulse path { stroke: var(--ok); }
h1 { font-size: clamp(1.75rem, 1.4rem + 1.6vw, 2.375rem); font-weight: 650; line-height: 1.2; letter-spacing: -0.022em; text-wrap: balance; }
.lead { margin-top: 0.875rem; color: var(--quiet); text-wrap: pretty; }
a { color: var(--accent); text-underline-offset: 0.2em; text-decoration-thickness: 0.0625em; }
a:hover { color: var(--accent-hover); }
.again { margin-top: 1rem; }
.reference { margin-top: 2rem; padding-top: 1.25rem; border-top: 1px solid var(--line); font-size: 0.9375rem; color: var(--quiet); }
.reference code { display: block; margin-top: 0.25rem; font: 0.9375rem/1.5 var(--mono); color: var(--ink); overflow-wrap: anywhere; user-select: all; }
form { margin-top: 2.25rem; display: grid; gap: 1.125rem; }
h2 { font-size: 1.125rem; font-weight: 600; letter-spacing: -0.01em; }
.hint { margin-top: 0.125rem; font-size: 0.9375rem; color: var(--quiet); }
label { display: grid; gap: 0.375rem; font-size: 0.9375rem; font-weight: 550; min-width: 0; }
label span { font-weight: 400; color: var(--quiet); }
.pair { display: grid; gap: 1.125rem; grid-template-columns: repeat(auto-fit, minmax(min(14rem, 100%), 1fr)); }
input, textarea {
  width: 100%;
  font: inherit;
  font-weight: 400;
  font-size: 1rem;
  color: inherit;
  background: var(--field);
  border: 1px solid var(--edge);
  border-radius: 8px;
  padding: 0.5625rem 0.75rem;
}
textarea { min-height: 7.5rem; resize: vertical; field-sizing: content; max-height: 24rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 8px; }
.wrong { color: var(--bad); font-size: 0.9375rem; }
button {
  justify-self: start;
  font: inherit;
  font-weight: 600;
  font-size: 1rem;
  color: var(--on-accent);
  background: var(--accent);
  border: 0;
  border-radius: 8px;
  padding: 0.625rem 1.375rem;
  cursor: pointer;
}
button:hover { background: var(--accent-hover); }
details { margin-top: 2.5rem; font-size: 0.9375rem; }
summary { cursor: pointer; color: var(--quiet); }
pre { margin-top: 0.75rem; padding: 1rem; overflow-x: auto; background: var(--sunken); border-radius: 8px; font: 0.8125rem/1.6 var(--mono); tab-size: 2; }
@media (max-width: 30rem) { button { justify-self: stretch; } }
`;

const hash = createHash("sha256").update(style).digest("base64");

/** Of every page of ours: no script, no address but our own, in no frame, kept by nobody. */
export const pageHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};
