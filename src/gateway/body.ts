// The body of a client's request: streamed to an instance, and kept while small enough to repeat.
import type { ClientRequest, IncomingMessage } from "node:http";

export interface RequestBody {
  /** Whether all that was passed on so far is kept, so that another instance can have it again. */
  readonly repeatable: boolean;
  /** Streams to `out` and ends it; `onProgress` is called with each piece. */
  sendTo(out: ClientRequest, onProgress: () => void): void;
  /** Takes the stream away from whoever has it; `sendTo` may follow. */
  stop(): void;
}

/** `onWanted` is called once, before the first piece is asked of the client. */
export function requestBody(
  req: IncomingMessage,
  keepBytes: number,
  onWanted: () => void,
): RequestBody {
  const declared = Number(req.headers["content-length"] ?? 0) > 0;
  let ended = !declared && req.headers["transfer-encoding"] === undefined;
  let kept: Buffer[] = [];
  let passedBytes = 0;
  let asked = false;
  let detach = (): void => {};

  const keep = (chunk: Buffer): void => {
    passedBytes += chunk.length;
    if (passedBytes <= keepBytes) kept.push(chunk);
    else kept = [];
  };

  return {
    get repeatable() {
      return passedBytes <= keepBytes;
    },
    sendTo(out, onProgress) {
      for (const chunk of kept) out.write(chunk);
      if (ended) {
        out.end();
        return;
      }
      const onData = (chunk: Buffer): void => {
        keep(chunk);
        onProgress();
        if (!out.write(chunk)) req.pause();
      };
      const onEnd = (): void => {
        ended = true;
        out.end();
      };
      const onDrain = (): void => {
        onProgress();
        req.resume();
      };
      detach = () => {
        req.off("data", onData).off("end", onEnd).pause();
        out.off("drain", onDrain);
      };
      if (!asked) onWanted();
      asked = true;
      req.on("data", onData).on("end", onEnd).resume();
      out.on("drain", onDrain);
    },
    stop() {
      detach();
      detach = () => {};
    },
  };
}
