// Which page the address names; hash routes work without the server's help.
import { type Signal, signal } from "@preact/signals";

export type Route =
  | { readonly page: "now" }
  | { readonly page: "instance"; readonly target: string }
  | { readonly page: "incident"; readonly id: string };

export const nowHref = "#/";
export const incidentHref = (id: string): string => `#/incidents/${encodeURIComponent(id)}`;
export const instanceHref = (target: string): string =>
  `#/instances/${target.split("/").map(encodeURIComponent).join("/")}`;

/** An address that cannot be read leads to the start, never to an empty page. */
export function parseRoute(hash: string): Route {
  const [, kind, ...rest] = hash.replace(/^#/, "").split("/");
  let name: string;
  try {
    name = decodeURIComponent(rest.join("/"));
  } catch {
    return { page: "now" };
  }
  if (name === "") return { page: "now" };
  if (kind === "incidents") return { page: "incident", id: name };
  if (kind === "instances") return { page: "instance", target: name };
  return { page: "now" };
}

export const route: Signal<Route> = signal(parseRoute(location.hash));

let listScroll = 0;

export function startRouter(): void {
  window.addEventListener("hashchange", () => {
    const from = route.peek();
    const to = parseRoute(location.hash);
    // Going back to the list must find it where it was left.
    if (from.page !== "incident") listScroll = scrollY;
    route.value = to;
    if (to.page === "incident") scrollTo(0, 0);
    else if (from.page === "incident") {
      requestAnimationFrame(() => {
        scrollTo(0, listScroll);
        document.querySelector<HTMLElement>(`[data-incident="${CSS.escape(from.id)}"]`)?.focus();
      });
    }
  });
}

export function go(href: string): void {
  location.hash = href;
}
