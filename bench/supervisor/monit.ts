// monit with its shortest cycle of 1 s; a pidfile for each program, written by a script.
import { spawn } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../scripts/apt.ts";
import { ownIn, type Peer, shellLine, type Task, told } from "./peer.ts";
import { processesWith } from "./processes.ts";

export const monit: Peer = {
  name: "monit",
  version: async () => {
    const program = findProgram("monit");
    return program === undefined ? undefined : (await told(program, ["-V"])).split("\n")[0];
  },
  start: async (scratch, folder, tasks) => {
    const config = join(folder, "monitrc");
    const text = `set daemon 1
set pidfile ${folder}/pid
set statefile ${folder}/state
set idfile ${folder}/id
set httpd unixsocket ${folder}/s.sock allow bench:bench
${tasks.map((task) => checkOf(task, folder)).join("")}`;
    writeFileSync(config, text, { mode: 0o600 });
    const program = findProgram("monit") ?? "";
    const watch = [program, "-I", "-c", config];
    const start = async (command: readonly string[]): Promise<void> => {
      spawn(scratch.reaper, command, { stdio: "ignore", cwd: folder }).unref();
    };
    const own = (): readonly number[] => ownIn(scratch, folder);
    const runs = (): boolean =>
      processesWith(folder).some(({ args }) => args[0] === scratch.server);
    // Its own first starts are one after the other: 300 of them take over a minute.
    await start([
      "/bin/sh",
      "-c",
      `for s in ${folder}/*.sh; do $s; done; exec ${shellLine(watch)}`,
    ]);
    return {
      own,
      status: async () => void (await told(program, ["-c", config, "summary", "-B"])),
      // The command only asks; it is over when the programs are.
      stopAll: async () => {
        await told(program, ["-c", config, "stop", "all"]);
        const untilMs = performance.now() + 60_000;
        while (runs() && performance.now() < untilMs) {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      },
      victims: own,
      again: () => start(watch),
    };
  },
};

function checkOf({ name, command, probe }: Task, folder: string): string {
  const [script, pidfile] = [join(folder, `${name}.sh`), join(folder, `${name}.pid`)];
  const line = `${shellLine(command)} > /dev/null 2>&1 &\necho $! > ${pidfile}\n`;
  writeFileSync(script, `#!/bin/sh\n${line}`);
  chmodSync(script, 0o755);
  const ask =
    probe === undefined
      ? ""
      : `  if failed host 127.0.0.1 port ${probe} protocol http request "/pid" with timeout 1 seconds then restart\n`;
  return `check process ${name} with pidfile ${pidfile}
  start program = "${script}" with timeout 1 seconds
  stop program = "/bin/sh -c 'kill -9 $(cat ${pidfile})'" with timeout 1 seconds
${ask}`;
}
