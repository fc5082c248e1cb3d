// Where something was handed to the watchdog, as a person can find it.

import { builtin } from "../../kernel/builtin.ts";
import { isOwnFile } from "../parts/own-files.ts";

const deepest = 16;

/**
 * `startPool (file:///app/pool.ts:12:7)`: the nearest line that is neither Node's own nor this
 * library's. In a bundle all is one file; then it is the caller's caller. "" when unknown.
 */
export function creationSite(): string {
  const frames = builtin("node:util").getCallSites(deepest).filter(isApp);
  const outside = frames.find(({ scriptName }) => !isOwnFile(scriptName));
  const frame = outside ?? frames[2];
  if (!frame) return "";
  const { functionName, scriptName, lineNumber, columnNumber } = frame;
  // Node 22.13 has no columns here.
  const place = [scriptName, lineNumber, columnNumber].filter((it) => it !== undefined).join(":");
  return functionName === "" ? place : `${functionName} (${place})`;
}

function isApp({ scriptName }: { readonly scriptName: string }): boolean {
  return scriptName !== "" && !scriptName.startsWith("node:");
}
