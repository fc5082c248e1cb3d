// Services that behave as badly as services can, each with what has to become of it.
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import type { ServiceConfig } from "../../../src/wiring/config.ts";

const sh = (line: string): readonly string[] => ["/bin/sh", "-c", line];
const once: ServiceConfig["restart"] = { when: "never" };
const flood = fileURLToPath(new URL("./log-flood.ts", import.meta.url));

/** Signals that end a process which does nothing about them; KILL cannot be caught. */
export const deadly: readonly (readonly [name: string, number: number])[] = Object.entries(
  constants.signals,
).filter(
  ([name]) =>
    // SIGIOT and SIGPOLL are other names of SIGABRT and SIGIO; the rest stops, goes on or is ignored.
    !/^SIG(STOP|TSTP|TTIN|TTOU|CONT|CHLD|URG|WINCH|IOT|POLL|UNUSED)$/.test(name),
);

export const signalService = (name: string): string => `sig-${name.slice(3).toLowerCase()}`;

/** They run on, whatever they do. */
export const living: Readonly<Record<string, ServiceConfig>> = {
  forker: {
    command: sh("setsid sleep 600 & (setsid sh -c 'sleep 600 & sleep 600' &) ; sleep 600"),
    stop: { wait: "1s" },
  },
  deaf: { command: sh("trap '' TERM; while :; do sleep 1; done"), stop: { wait: "500ms" } },
  mute: { command: sh("exec >&- 2>&- <&-; sleep 600") },
  // TERM reaches the shell and its child at once; the child needs longer than its leader.
  slowchild: {
    command: sh(
      "sh -c 'trap \"sleep 0.5; echo child done; exit 0\" TERM; while :; do sleep 0.1; done' & wait",
    ),
    stop: { wait: "8s" },
  },
};

/** They end, and are told with what they ended of; `expected`: they stay down and are no trouble. */
export const ending: Readonly<
  Record<
    string,
    { readonly config: ServiceConfig; readonly text: RegExp; readonly expected?: true }
  >
> = {
  zero: { config: { command: ["/bin/true"] }, text: /^exit code 0$/, expected: true },
  orphaner: {
    config: { command: sh("(setsid sleep 600 &); sleep 0.2; exit 3"), restart: once },
    text: /^exit code 3$/,
  },
  // A group leader cannot leave its group: setsid forks, and the process that was started ends.
  leaver: {
    config: { command: ["setsid", "sleep", "600"] },
    text: /^exit code 0$/,
    expected: true,
  },
  memory: {
    config: {
      command: [
        process.execPath,
        "-e",
        "const all=[];setInterval(()=>all.push(Buffer.alloc(8e6,1)),5)",
      ],
      resources: { memoryMax: "96MiB" },
      restart: once,
    },
    text: /^killed by SIGKILL: the kernel ended it: it had all the memory that its cgroup gives, 96 MiB$/,
  },
  ...Object.fromEntries(
    deadly.map(([name, number]) => [
      signalService(name),
      {
        config: { command: sh(`ulimit -c 0; kill -${number} $$; sleep 5`), restart: once },
        text: new RegExp(`^killed by ${name}\\b`),
      },
    ]),
  ),
};

/** Ends at once, again and again, until it is given up, and is tried slowly after that. */
export const hopeless: ServiceConfig = {
  command: ["/bin/false"],
  restart: {
    backoff: { first: "50ms", max: "200ms" },
    giveUp: { exits: 3, within: "1m" },
    retry: "1500ms",
  },
};

/** 100 MB a second, `bytes` in all, then silence. */
export function flooder(bytes: number): ServiceConfig {
  const line = `${process.execPath} ${flood} lines ${bytes} 100000000; exec sleep 600`;
  return { command: sh(line), logs: { size: "8MB", keep: 1 } };
}
