// Writes to the journal, and tells when the disk becomes too full for that and when it no longer is.
import { messageOf } from "../kernel/errors.ts";
import { isDiskFull } from "../stores/store.ts";

export interface Writer {
  /** Why the last write was refused. */
  readonly why: string | undefined;
  /** False when the disk is full: then nothing was written. @throws every other fault */
  write(work: () => void): boolean;
}

/** `onFull` is told of each change, once. */
export function createWriter(onFull: (why: string | undefined) => void = () => {}): Writer {
  let why: string | undefined;
  return {
    get why() {
      return why;
    },
    write: (work) => {
      try {
        work();
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        const isNew = why === undefined;
        why = messageOf(error);
        if (isNew) onFull(why);
        return false;
      }
      if (why === undefined) return true;
      why = undefined;
      onFull(undefined);
      return true;
    },
  };
}
