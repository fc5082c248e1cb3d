// What the end of a stream to an instance says of the request on it, when no answer has begun.
import type { ClientHttp2Stream } from "node:http2";
import { constants } from "./constants.ts";
import type { InstanceSession } from "./instance-session.ts";

/** untaken: the process has not begun with it · else as {@link EndingKind} has it. */
export type Closed = "untaken" | "garbled" | "stale" | "died";

/** `hasSpoken`: something of an answer has come, so it was taken up. */
export function closedAs(
  { rstCode, id }: ClientHttp2Stream,
  session: InstanceSession | undefined,
  hasSpoken: boolean,
): Closed {
  // Source: RFC 9113 section 8.7.
  const isRefused = rstCode === constants.NGHTTP2_REFUSED_STREAM || session?.hasNotTaken(id);
  if (isRefused && !hasSpoken) return "untaken";
  if (rstCode === constants.NGHTTP2_PROTOCOL_ERROR) return "garbled";
  return (session?.carried ?? 0) > 1 ? "stale" : "died";
}
