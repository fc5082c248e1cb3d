// A small service for tests of sd_notify: told by its own port, it says what it is told to.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createServer } from "node:http";

const { PORT, SAY = "", NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, FIRST } = process.env;

const say = (text: string): void => void spawnSync(SAY, ["1", "0", text]);

let beating: ChildProcess | undefined;

const server = createServer((request, response) => {
  const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
  const text = decodeURIComponent(search.slice(1));
  if (pathname === "/say") say(text);
  if (pathname === "/beat") beating = spawn(SAY, ["1000000", "50", "WATCHDOG=1"]);
  if (pathname === "/flatline") beating?.kill("SIGKILL");
  const env = { NOTIFY_SOCKET, WATCHDOG_USEC, isOwnPid: WATCHDOG_PID === String(process.pid) };
  response.end(pathname === "/env" ? JSON.stringify(env) : String(process.pid));
});
server.listen(Number(PORT), "127.0.0.1", () => FIRST !== undefined && say(FIRST));

process.on("SIGTERM", () => process.exit(0));
