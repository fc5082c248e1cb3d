// The part of a daemon that keeps the gateway, as a process that can be killed: FOLDER PORT INSTANCE-PORT.
// It says "ready", then does what it is told line by line: renew, stop, or the port of another instance.
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../../src/kernel/clock.ts";
import { messageOf } from "../../../src/kernel/errors.ts";
import { createLog, formatText } from "../../../src/kernel/log.ts";
import { systemRandom } from "../../../src/kernel/random.ts";
import { linuxPlatform } from "../../../src/platforms/linux.ts";
import { keepSpawner } from "../../../src/platforms/spawner/spawner.ts";
import type { Route } from "../../../src/protocol/gateway.ts";
import { makeGateway } from "../../../src/wiring/gateway-make.ts";

const source = (path: string): string =>
  fileURLToPath(new URL(`../../../src/${path}`, import.meta.url));
const command = (path: string): string[] => [process.execPath, "--conditions=source", source(path)];

const [, , folder = "", port = "", instance = ""] = process.argv;
const { PATH = "" } = process.env;
const log = createLog({
  level: "warn",
  wall: systemClock.wall,
  write: (entry) => void process.stderr.write(formatText(entry)),
});
const own = { clock: systemClock, random: systemRandom, log };
const spawner = keepSpawner({
  ...{ ...own, project: folder, cwd: folder, env: { PATH } },
  socketPath: join(folder, "spawner.sock"),
  command: command("platforms/spawner/main.ts"),
  logFile: join(folder, "spawner.log"),
});
const platform = linuxPlatform({ spawner });
const routes = (to: string): readonly Route[] => [
  {
    ...{ service: "web", host: "127.0.0.1", port: Number(port), holdMs: 5_000, timeoutMs: 10_000 },
    upstreams: [{ instance: "web/1", port: Number(to), state: "ready" }],
  },
];
const options = {
  ...{ log, random: systemRandom, stateFolder: folder, resolved: { folder } },
  gatewayCommand: command("gateway/main.ts"),
};
const logFile = join(folder, "gateway.log");
const made = { options, platform, clock: systemClock, routes: routes(instance) };
const gateway = makeGateway({ ...made, env: { PATH }, logFile });
const say = (text: string): void => void process.stdout.write(`${text}\n`);

await spawner.look();
platform.keepSockets?.([]);
spawner.settle();
spawner.boot();
gateway.sync(routes(instance));
await gateway.boot();
say("ready");

createInterface({ input: process.stdin }).on("line", (line) => {
  if (line === "renew") {
    gateway.renew().then(
      () => say("renewed"),
      (error) => say(messageOf(error)),
    );
  } else if (line === "stop") {
    void gateway
      .stop()
      .then(() => spawner.stop())
      .then(() => process.exit(0));
  } else {
    gateway.sync(routes(line));
    gateway.inStep().then(
      () => say("in step"),
      (error) => say(messageOf(error)),
    );
  }
});
