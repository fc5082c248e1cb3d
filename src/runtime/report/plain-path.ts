// A path that a route of ours may have.
import { HomeostatError } from "../../kernel/errors.ts";

/** @throws OPTION_INVALID when it does not begin with a slash or holds more than plain characters. */
export function plainPath(who: string, path: string): string {
  if (/^\/[\w./~-]{1,200}$/.test(path)) return path;
  const message = `${who}: a path must begin with a slash and be plain, got ${JSON.stringify(path)}`;
  throw new HomeostatError("OPTION_INVALID", message);
}
