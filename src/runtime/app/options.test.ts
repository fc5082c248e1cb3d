// What an app takes from its environment, and what wins over it.
import assert from "node:assert/strict";
import { afterEach, it } from "node:test";
import { appWorld } from "../../../test/support/app-world.ts";
import { appEnvironment, shutdownWithin } from "./options.ts";

const names = [
  "APP_URL",
  "ENABLE_CHAOS",
  "LOG_LEVEL",
  "SYSLOG_ADDRESS",
  "HOMEOSTAT_SOCKET",
  "HOMEOSTAT_STOP_MS",
];
const before = names.map((name) => [name, process.env[name]] as const);

afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

it("APP_URL is where the synthetic checks go, unless the options say where", async () => {
  process.env.APP_URL = "http://127.0.0.1:4711";
  const asked: string[] = [];
  const fetched = async (url: string): Promise<Response> => {
    asked.push(url);
    return new Response("ok");
  };
  for (const url of [undefined, "http://127.0.0.1:4712"]) {
    const { app } = appWorld({ synthetic: { fetch: fetched }, ...(url && { url }) });
    app.synthetic.register("front", async (shop) => void (await shop.get("/")));
    await app.synthetic.run("front");
  }
  assert.deepEqual(asked, ["http://127.0.0.1:4711/", "http://127.0.0.1:4712/"]);
});

it("ENABLE_CHAOS arms chaos; false in the options disarms it, and what it is not is told", async () => {
  const gates = ["true", "1", "TRUE", "yes", "", "false"].map((value) => {
    process.env.ENABLE_CHAOS = value;
    return appWorld().app.chaos.gate.open;
  });
  assert.deepEqual(gates, [true, true, true, false, false, false]);
  process.env.ENABLE_CHAOS = "true";
  assert.equal(appWorld({ chaos: { armed: false } }).app.chaos.gate.open, false);
  delete process.env.ENABLE_CHAOS;
  const { app, said } = appWorld();
  await app.start();
  assert.ok(said("chaos is off: it is not armed"));
  await app.stop();
});

it("LOG_LEVEL sets the level; one that is none is told by name, with what there is", async () => {
  process.env.LOG_LEVEL = "WARN";
  const { app, said } = appWorld();
  await app.start();
  app.log.info("a whisper");
  assert.deepEqual([app.log.level, said("a whisper")], ["warn", false]);
  process.env.LOG_LEVEL = "loud";
  assert.throws(appEnvironment, {
    code: "OPTION_INVALID",
    message: 'LOG_LEVEL: expected debug, info, warn, error, got "loud"',
  });
});

it("HOMEOSTAT_SOCKET says where the daemon is; without it there is no link", () => {
  delete process.env.HOMEOSTAT_SOCKET;
  assert.equal(appWorld({ daemon: undefined } as object).app.daemon, "off");
  process.env.HOMEOSTAT_SOCKET = "/nowhere/link.sock";
  assert.equal(appEnvironment().socket, "/nowhere/link.sock");
});

it("HOMEOSTAT_STOP_MS puts the end of a stuck app before the daemon's KILL", () => {
  process.env.HOMEOSTAT_STOP_MS = "10000";
  const { stopMs } = appEnvironment();
  const { debugAfterMs = 0, forceAfterMs = 0, hardAfterMs = 0 } = shutdownWithin(stopMs);
  assert.deepEqual([debugAfterMs, forceAfterMs, hardAfterMs], [6_000, 7_500, 8_500]);
  for (const nonsense of ["", "soon", "-1", "0", "Infinity"]) {
    process.env.HOMEOSTAT_STOP_MS = nonsense;
    assert.equal(appEnvironment().stopMs, undefined, nonsense);
  }
});
