// The pages a person sees after an error: what happened, how to refer to it, a place to tell more.
import { longestEmail, longestMessage, longestName } from "./feedback.ts";
import { style } from "./page-style.ts";

export interface FormView {
  /** Where it is sent. */
  readonly action: string;
  readonly wrong?: string;
  readonly message?: string;
  readonly name?: string;
  readonly email?: string;
}

export interface PageView {
  readonly title: string;
  readonly lead: string;
  /** True for a page that tells of something that went well. */
  readonly well?: boolean;
  readonly eventId?: string;
  readonly form?: FormView;
  /** The page can be asked for again without harm. */
  readonly again?: boolean;
  /** For a developer: the error and its stack. */
  readonly details?: string;
}

const beat = "M0 16h22l5-11 8 24 5.5-17 2.5 4h9";

export function pageOf(view: PageView): string {
  const { title, lead, well = false, eventId, form, again = false, details } = view;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${safe(title)}</title>
<style>${style}</style>
</head>
<body${well ? ' class="well"' : ""}>
<main>
<svg class="pulse" viewBox="0 0 88 32" aria-hidden="true"><path d="${beat}"/><path class="flat" d="M58 16h30"/></svg>
<h1>${safe(title)}</h1>
<p class="lead">${safe(lead)}</p>
${again ? '<p class="again"><a href="">Try again</a></p>\n' : ""}${eventId === undefined ? "" : reference(eventId)}${eventId === undefined || !form ? "" : formOf(eventId, form)}${details === undefined ? "" : `<details open><summary>For developers: not shown in production</summary><pre tabindex="0">${safe(details)}</pre></details>\n`}</main>
</body>
</html>
`;
}

function reference(eventId: string): string {
  return `<p class="reference">If you write to us, please mention this reference:<code>${safe(eventId)}</code></p>
`;
}

function formOf(eventId: string, { action, wrong, message, name, email }: FormView): string {
  const value = (text: string | undefined): string => (text ? ` value="${safe(text)}"` : "");
  return `<form method="post" action="${safe(action)}">
<div><h2>Help us understand</h2><p class="hint">Only what you write here is sent, with the reference above.</p></div>
<input type="hidden" name="event" value="${safe(eventId)}">
<label>What were you doing when it happened?<textarea name="message" required maxlength="${longestMessage}"${wrong ? ' autofocus aria-describedby="wrong"' : ""}>
${safe(message ?? "")}</textarea></label>
${wrong ? `<p class="wrong" id="wrong">${safe(wrong)}</p>\n` : ""}<div class="pair">
<label><span>Name, if you like</span><input name="name" autocomplete="name" maxlength="${longestName}"${value(name)}></label>
<label><span>Email, if you want an answer</span><input name="email" type="email" autocomplete="email" maxlength="${longestEmail}"${value(email)}></label>
</div>
<button>Send</button>
</form>
`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function safe(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}
