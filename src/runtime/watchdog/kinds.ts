// How each kind of thing is begun and what of it means started, ended well or lost.
import { type Clock, deadline } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import { isInterrupt } from "../parts/interrupt.ts";

export interface Emitter {
  on(event: string, listener: (...facts: readonly unknown[]) => void): unknown;
  off(event: string, listener: (...facts: readonly unknown[]) => void): unknown;
}

/** What is needed of a worker thread. */
export interface WorkerLike extends Emitter {
  /** -1 when it has ended. */
  readonly threadId: number;
  readonly performance?: { eventLoopUtilization(): { readonly active: number } };
  terminate(): unknown;
}

/** What is needed of a child process. */
export interface ChildLike extends Emitter {
  readonly pid?: number | undefined;
  readonly exitCode: number | null;
  readonly signalCode: string | null;
  kill(signal?: "SIGTERM" | "SIGKILL"): boolean;
}

/** A server, socket, connection or stream. */
export interface EmitterLike extends Emitter {
  readonly listening?: boolean;
  readonly destroyed?: boolean;
}

export interface End {
  readonly reason: string;
  /** Without an error: exit code 0, a promise that resolves. */
  readonly clean: boolean;
  readonly error?: unknown;
}

/** How a run tells what becomes of it. */
export interface Tell {
  started(): void;
  ended(end: End): void;
}

/** One run of a thing, from its start to its end. */
export interface Run {
  /** Listens no longer; the thing itself goes on. */
  release(): void;
  /** Aborts the signal that a task or a loop was given. */
  abort?(): void;
  /** Ends the thing, when the watchdog itself made it. */
  end?(): unknown;
  /** Looks whether it has started without saying so. */
  look?(): void;
}

export type Begin = (tell: Tell, owned: boolean) => Run;

/** So long a child has to follow SIGTERM before SIGKILL. */
const politeMs = 3_000;

type Listeners = Readonly<Record<string, (...facts: readonly unknown[]) => void>>;

/** What is lost is listened to on: an `error` that comes after its end must not be an exception. */
function listen(emitter: Emitter, listeners: Listeners): () => void {
  const all = Object.entries(listeners);
  for (const [event, listener] of all) emitter.on(event, listener);
  return () => {
    for (const [event, listener] of all) emitter.off(event, listener);
  };
}

export function worker(make: () => WorkerLike): Begin {
  return (tell, owned) => {
    const it = make();
    let error: unknown;
    const release = listen(it, {
      online: () => tell.started(),
      error: (thrown) => {
        error = thrown;
      },
      exit: (code) => {
        const reason = error === undefined ? `exit code ${code}` : messageOf(error);
        tell.ended({ reason, clean: code === 0 && error === undefined, error });
      },
    });
    // A worker says that it is online once; one that is handed over later has said so already.
    const look = (): void => {
      if (it.threadId === -1) tell.ended({ reason: "ended before it was watched", clean: false });
      else if ((it.performance?.eventLoopUtilization().active ?? 0) > 0) tell.started();
    };
    look();
    return { release, look, ...(owned && { end: () => it.terminate() }) };
  };
}

export function child(make: () => ChildLike, clock: Clock): Begin {
  return (tell, owned) => {
    const it = make();
    const exited = (code: unknown, signal: unknown): void => {
      const reason = signal ? `ended by ${signal}` : `exit code ${code}`;
      tell.ended({ reason, clean: code === 0 });
    };
    const release = listen(it, {
      spawn: () => tell.started(),
      // Also told for a message that could not be sent: then the process is there.
      error: (error) => {
        if (it.pid === undefined) tell.ended({ reason: messageOf(error), clean: false, error });
      },
      exit: exited,
    });
    if (it.exitCode !== null || it.signalCode !== null) exited(it.exitCode, it.signalCode);
    else if (it.pid !== undefined) tell.started();
    return { release, ...(owned && { end: () => endChild(it, clock) }) };
  };
}

async function endChild(it: ChildLike, clock: Clock): Promise<void> {
  if (it.exitCode !== null || it.signalCode !== null) return;
  const limit = deadline(clock, politeMs);
  const gone = new Promise<void>((resolve) => {
    it.on("exit", () => resolve());
    limit.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  it.kill("SIGTERM");
  await gone;
  limit.done();
  if (it.exitCode === null && it.signalCode === null) it.kill("SIGKILL");
}

/** The signal aborts when the run is aborted or the app stops. */
export function task(run: (signal: AbortSignal) => unknown, stopping: AbortSignal): Begin {
  return (tell) => {
    const own = new AbortController();
    const signal = AbortSignal.any([stopping, own.signal]);
    tell.started();
    const settled = (async () => run(signal))().then(
      () => tell.ended({ reason: "ended", clean: true }),
      (error: unknown) => {
        const clean = isInterrupt(error, signal);
        tell.ended({ reason: messageOf(error), clean, error });
      },
    );
    return { release: () => {}, abort: () => own.abort(), end: () => settled };
  };
}

/** `start` may drive the loop; its signal aborts when the run is aborted or the app stops. */
export function loop(
  start: ((signal: AbortSignal) => unknown) | undefined,
  stopping: AbortSignal,
): Begin {
  return (tell) => {
    if (!start) return { release: () => {} };
    const own = new AbortController();
    const signal = AbortSignal.any([stopping, own.signal]);
    (async () => start(signal))().catch((error: unknown) => {
      const clean = isInterrupt(error, signal);
      tell.ended({ reason: messageOf(error), clean, error });
    });
    return { release: () => {}, abort: () => own.abort() };
  };
}

export function emitter(make: () => EmitterLike, lostOn: readonly string[]): Begin {
  return (tell) => {
    const it = make();
    const onEnd = (event: string) => (fact: unknown) => {
      const error = fact instanceof Error ? fact : undefined;
      const word = event === "close" ? "closed" : event;
      tell.ended({ reason: error ? messageOf(error) : word, clean: false, error });
    };
    const ends = Object.fromEntries(lostOn.map((event) => [event, onEnd(event)]));
    const release = listen(it, { listening: () => tell.started(), ...ends });
    if (it.destroyed) tell.ended({ reason: "closed before it was watched", clean: false });
    else if (it.listening !== false) tell.started();
    return { release };
  };
}
