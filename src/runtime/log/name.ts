// The name of the task or thread that writes a line, carried along by the context of async calls.
import { AsyncLocalStorage } from "node:async_hooks";
import { builtin } from "../../kernel/builtin.ts";

const names = new AsyncLocalStorage<string>();

/** Runs `work`, and all that it starts, under this name in the log. */
export function withName<T>(name: string, work: () => T): T {
  return names.run(wordOf(name), work);
}

/** The name of the task that runs now; without one that of its thread. */
export function currentName(): string {
  return names.getStore() ?? threadName();
}

let known: string | undefined;

function threadName(): string {
  known ??= nameOfThread();
  return known;
}

function nameOfThread(): string {
  const workers = builtin("node:worker_threads");
  if (workers.isMainThread) return "main";
  // Node 24 and later know a worker's name, and have one for those that were given none.
  const { threadName: given = "" } = workers as { readonly threadName?: string };
  return wordOf((given !== "WorkerThread" && given) || `worker-${workers.threadId}`);
}

/** One word, as the text form has the thread between spaces. */
function wordOf(name: string): string {
  return name.slice(0, 64).replaceAll(/[\s\p{Cc}[\]]+/gu, "_") || "_";
}
