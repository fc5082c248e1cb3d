// Whose request it is, as far as a route is told where to look.
import type { RequestKey } from "../../../protocol/gateway-balancing.ts";
import { type Asked, cookieOf, fieldOf, pathOf } from "../asked.ts";

/** Undefined when the request does not say. The path counts without its query. */
export function keyOf(asked: Asked, key: RequestKey): string | undefined {
  switch (key.by) {
    case "address":
      return asked.peer.address;
    case "path":
      return pathOf(asked).split("?", 1)[0] || undefined;
    case "header":
      return fieldOf(asked, key.name) || undefined;
    case "cookie":
      return cookieOf(asked, key.name) || undefined;
  }
}
