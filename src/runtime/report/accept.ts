// Whether whoever asks would rather read a page than JSON.

const longest = 1_000;

/**
 * True when the Accept header names `text/html` and no JSON that it likes better (RFC 9110, 12.5.1).
 * Any type at all, as programs ask for it, means JSON.
 */
export function prefersHtml(accept: string | undefined): boolean {
  let html = 0;
  let json = 0;
  for (const part of (accept ?? "").slice(0, longest).toLowerCase().split(",")) {
    const [type = "", ...parameters] = part.split(";").map((each) => each.trim());
    const quality = parameters.find((each) => each.startsWith("q="))?.slice(2) ?? "1";
    const weight = Math.min(1, Math.max(0, Number.parseFloat(quality) || 0));
    if (type === "text/html" || type === "application/xhtml+xml") html = Math.max(html, weight);
    if (/^application\/(?:[\w.-]{1,60}\+)?json$/.test(type)) json = Math.max(json, weight);
  }
  return html > 0 && html >= json;
}
