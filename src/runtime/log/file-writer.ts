// The way of lines into a file: in order, in batches, with pauses while the disk takes nothing.

import { aborted } from "../../kernel/aborted.ts";
import { createAlarm } from "../../kernel/alarm.ts";
import { createBacklog } from "../../kernel/backlog.ts";
import type { Clock } from "../../kernel/clock.ts";
import { HomeostatError, messageOf } from "../../kernel/errors.ts";
import { createAppender } from "./appender.ts";
import type { Tell } from "./sink.ts";

export interface FileWriter {
  /** A whole line; lost and counted after `close`. */
  push(line: Buffer): void;
  dropped(): number;
  reopen(): void;
  flush(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface FileWriterOptions {
  readonly path: string;
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly maxBufferBytes: number;
  readonly clock: Clock;
  /** An outage of the disk began or ended. */
  readonly tell: Tell;
}

const batchBytes = 64 * 1_024;
const retryMs = { first: 500, most: 30_000 };

export function createFileWriter(options: FileWriterOptions): FileWriter {
  const { path, maxBytes, clock, tell } = options;
  const appender = createAppender({ ...options, wall: () => clock.wall() });
  const backlog = createBacklog(options.maxBufferBytes);
  let failures = 0;
  let closed = false;
  let draining: Promise<void> | undefined;

  const drain = async (): Promise<void> => {
    while (backlog.size > 0) {
      const batch = backlog.take(Math.min(batchBytes, maxBytes));
      try {
        await appender.append(Buffer.concat(batch));
      } catch (error) {
        backlog.restore(batch);
        failures += 1;
        if (failures === 1) tell("the log file cannot be written", { reason: messageOf(error) });
        retry.ringIn(Math.min(retryMs.first * 2 ** (failures - 1), retryMs.most));
        return;
      }
      if (failures === 0) continue;
      failures = 0;
      tell("the log file is written again", { dropped: backlog.dropped });
    }
  };
  const kick = (): Promise<void> => {
    draining ??= drain().finally(() => {
      draining = undefined;
    });
    return draining;
  };
  const retry = createAlarm(clock, () => void kick());
  const leaving = onExit(() => {
    const lines = Buffer.concat(backlog.take(Number.POSITIVE_INFINITY));
    try {
      if (lines.length > 0 || draining) appender.appendNow(lines);
    } catch (error) {
      tell("lines were not written at exit", { reason: messageOf(error) });
    }
  });

  return {
    push: (line) => {
      if (closed) return backlog.lose(1);
      backlog.push(line);
      // While the disk takes nothing, the retry has its own time.
      if (failures === 0) void kick();
    },
    dropped: () => backlog.dropped,
    reopen: appender.reopen,
    flush: async (signal) => {
      await Promise.race([kick(), aborted(signal)]);
      if (backlog.size > 0) throw new HomeostatError("TIMED_OUT", `${path} takes no lines`);
    },
    close: async () => {
      closed = true;
      retry.off();
      leaving[Symbol.dispose]();
      await draining;
      await appender.close();
    },
  };
}

function onExit(work: () => void): Disposable {
  process.on("exit", work);
  return { [Symbol.dispose]: () => void process.off("exit", work) };
}
