// The floor: a bare loop of waitpid and posix_spawn, one for each program.
import { spawn } from "node:child_process";
import { ownIn, type Peer } from "./peer.ts";
import { endAll, kill } from "./processes.ts";

export const bareLoop: Peer = {
  name: "C loop",
  version: async () => "compiled here",
  start: async (scratch, folder, tasks) => {
    const start = async (): Promise<void> => {
      for (const { command } of tasks) {
        const env = { ...process.env, BENCH_FOLDER: folder };
        spawn(scratch.loop, [...command], { stdio: "ignore", env }).unref();
      }
    };
    const own = (): readonly number[] => ownIn(scratch, folder);
    await start();
    return {
      own,
      stopAll: async () => {
        for (const pid of own()) kill(pid);
        await endAll(folder);
      },
      victims: own,
      again: start,
    };
  },
};
