// The first line of a request: its method, its target and its version.
import type { Limits } from "../relay/limits.ts";
import { methodBytes, space, targetBytes } from "./bytes.ts";
import type { Fault, HeadScan } from "./scan.ts";

export interface Line {
  readonly method: string;
  readonly target: string;
  readonly minor: number;
  /** Whether the line can go on as it is. */
  readonly exact: boolean;
}

export function readLine(
  scan: HeadScan,
  bytes: Buffer,
  head: string,
  limits: Limits,
): Line | Fault {
  const { start, lineEnd } = scan;
  let at = start;
  while (at < lineEnd && methodBytes[bytes[at] ?? 0] === 1) at++;
  const methodEnd = at;
  if (bytes[at] !== space || at === start) return methodFault(head.slice(0, lineEnd - start));
  if (at - start > limits.methodBytes) return { status: 501, text: "a method that is not known" };
  at++;
  const targetStart = at;
  while (at < lineEnd && targetBytes[bytes[at] ?? 0] === 1) at++;
  if (bytes[at] !== space || at === targetStart) return bad("a target with bytes that none has");
  if (at - targetStart > limits.targetBytes) return { status: 414, text: "the target is too long" };
  const version = head.slice(at + 1 - start, lineEnd - start);
  if (version !== "HTTP/1.1") {
    if (!/^HTTP\/[0-9]\.[0-9]$/.test(version)) return bad("a request line without its version");
    if (version[5] !== "1") return { status: 505, text: `${version} is not spoken here` };
  }
  const method = head.slice(0, methodEnd - start);
  if (method === "CONNECT") return { status: 501, text: "CONNECT is for another kind of proxy" };
  const minor = version[7] === "0" ? 0 : 1;
  const target = head.slice(targetStart - start, at - start);
  return { method, target, minor, exact: version === "HTTP/1.1" };
}

function methodFault(line: string): Fault {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ /.test(line)
    ? { status: 501, text: "a method that is not known" }
    : bad("a request line without a method");
}

function bad(text: string): Fault {
  return { status: 400, text };
}
