// The contract of a place that outlives the process, such as a section of the state file.

export interface Kept {
  /** What was written last, also by a process before this one; undefined when nothing was. */
  read(): unknown;
  /** On the disk when it returns. A disk that fails is logged, as the app must go on without it. */
  write(value: unknown): void;
}
