// supervisord, with a config and a socket of its own.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../scripts/apt.ts";
import { ownIn, type Peer, shellLine, told } from "./peer.ts";

export const supervisord: Peer = {
  name: "supervisord",
  version: async () => {
    const program = findProgram("supervisord");
    return program === undefined ? undefined : (await told(program, ["--version"])).trim();
  },
  start: async (scratch, folder, tasks) => {
    const config = join(folder, "supervisord.conf");
    const socket = join(folder, "s.sock");
    const programs = tasks.map(
      ({ name, command }) =>
        `[program:${name}]\ncommand=${shellLine(command)}\nautorestart=true\nstartsecs=0\n`,
    );
    const text = `[supervisord]
nodaemon=true
logfile=${folder}/log
pidfile=${folder}/pid
childlogdir=${folder}
minfds=4096
[unix_http_server]
file=${socket}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${socket}
${programs.join("")}`;
    writeFileSync(config, text);
    const start = async (): Promise<void> => {
      const program = findProgram("supervisord") ?? "";
      spawn(program, ["-c", config], { stdio: "ignore", cwd: folder }).unref();
    };
    const ask = (...args: readonly string[]): Promise<string> =>
      told(findProgram("supervisorctl") ?? "", ["-c", config, ...args]);
    const own = (): readonly number[] => ownIn(scratch, folder);
    await start();
    return {
      own,
      status: async () => void (await ask("status")),
      stopAll: async () => void (await ask("stop", "all")),
      victims: own,
      again: start,
    };
  },
};
