// Reads whether the disk of the state folder has room for journal and logs.
import { every } from "../kernel/clock.ts";
import { metrics, reading } from "../model/reading.ts";
import { diskTarget } from "../model/target.ts";
import type { Source } from "./source.ts";

export interface Room {
  readonly freeBytes: number;
  /** Less than this is too little. */
  readonly fewBytes: number;
  /** Whether what is kept free for the journal is still there. */
  readonly hasReserve: boolean;
}

/** `room` throws when the disk cannot be asked: then nothing is known. */
export function diskSource(options: {
  readonly room: () => Room;
  readonly intervalMs: number;
}): Source {
  return {
    name: "disk",
    start: ({ clock, signal, emit }) =>
      every(clock, options.intervalMs, signal, () => {
        const { freeBytes, fewBytes, hasReserve } = options.room();
        const isFull = freeBytes < fewBytes || !hasReserve;
        const reserve = hasReserve ? "" : ", and the reserve of the journal is in use";
        const note = `${mebibytes(freeBytes)} free, of ${mebibytes(fewBytes)} that it takes${reserve}`;
        emit([reading(diskTarget, metrics.diskRoom, isFull ? 0 : 1, clock.now(), note)]);
      }),
  };
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
