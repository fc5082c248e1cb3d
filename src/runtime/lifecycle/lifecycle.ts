// The life of an app: one signal, one way to die, an orderly end with limits, honest exit codes.
import type { Capture } from "../parts/capture.ts";
import type { Stopping } from "../parts/stopping.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { type CourseOptions, createCourse } from "./course.ts";
import { createEnds, type InstallOptions } from "./ends.ts";
import { type ProcessFace, realProcess } from "./face.ts";
import type { Kind } from "./open/kinds.ts";
import { look } from "./open/list.ts";
import type { Survey } from "./open/survey.ts";
import { createTracker, type Open } from "./open/tracker.ts";
import { createSteps } from "./steps.ts";
import type { LevelSwitch } from "./stuck.ts";

export interface LifecycleOptions extends CourseOptions {
  /** Where errors go that nobody caught. */
  readonly capture?: Capture;
  /** SIGHUP switches between info and debug here, a stuck shutdown to debug. */
  readonly levels?: LevelSwitch;
  /** Default: this process. */
  readonly process?: ProcessFace;
}

export interface Lifecycle extends Stopping {
  /** Begins to stop with exit code 0. May be called again. */
  stop(why: string): void;
  /** Stops if that has not begun; resolves with the exit code, which the process will end with. */
  bye(): Promise<number>;
  /** Resolves with the exit code when all steps have run. */
  readonly done: Promise<number>;
  /** Why the app dies; undefined while nothing went wrong. */
  readonly cause: unknown;
  /** The cause and those that came later, 21 at most. */
  readonly causes: readonly unknown[];
  /** 0 while nothing went wrong. */
  readonly exitCode: number;
  /** The last signal that came. */
  readonly lastSignal: NodeJS.Signals | undefined;
  /**
   * Answers the process's signals and last errors, and tracks what is opened from now on. Disposing
   * takes all that back, also the watch over a shutdown that does not end; an app that stops keeps it
   * until the process ends.
   */
  install(options?: InstallOptions): Disposable;
  /** What is open and keeps the process alive, each with the line that created it where it is known. */
  open(): readonly Open[];
  /** Tells of a thing that Node does not tell of, as the socket of a native library. */
  track<Thing extends object>(thing: Thing, kind: Kind<Thing>): Disposable;
  /** Leaves a thing out of the list and of what is closed by force. */
  ignore(thing: object): void;
}

/** Throws OPTION_INVALID when the limits of the shutdown are out of order. */
export function createLifecycle(options: LifecycleOptions & Partial<Surroundings> = {}): Lifecycle {
  const { clock, log } = surroundings(options);
  const { levels, capture, process: face = realProcess() } = options;
  const steps = createSteps(clock, log);
  const tracker = createTracker();
  const parts = { clock, log, levels, tracker, steps, face };
  const course = createCourse(parts, options);
  const ends = createEnds({ ...parts, capture, life: course });
  const { signal, causes, done, stop, die } = course;

  return {
    signal,
    done,
    stop,
    die,
    get stopping() {
      return course.stopping;
    },
    get cause() {
      return causes.first;
    },
    get causes() {
      return causes.all;
    },
    get exitCode() {
      return causes.exitCode;
    },
    get lastSignal() {
      return ends.lastSignal;
    },
    sleep: (ms) => clock.sleep(ms, signal),
    onStop: steps.add,
    bye: () => {
      course.answerProcess();
      stop("bye");
      return done;
    },
    install: (given) => {
      const installed = ends.install(given);
      course.answerProcess();
      return {
        [Symbol.dispose]: () => {
          installed[Symbol.dispose]();
          course.leaveProcess();
        },
      };
    },
    open: () => openOf(look(tracker, face, log)),
    track: tracker.track,
    ignore: tracker.ignore,
  };
}

function openOf({ tracked, others }: Survey): readonly Open[] {
  const plain = tracked.map(({ kind, endpoint, createdAt }) =>
    createdAt === undefined ? { kind, endpoint } : { kind, endpoint, createdAt },
  );
  return [...plain, ...others];
}
