// A process that pings, watches peers and writes points, and ends when its own work is done.
import { heartbeatPing } from "../../../src/runtime/outside/heartbeat.ts";
import { influxSink } from "../../../src/runtime/outside/influx.ts";
import { peerHeartbeats } from "../../../src/runtime/outside/peers.ts";

const [url = "", influx = ""] = process.argv.slice(2);
const log = {
  ...{ debug: console.log, info: console.log, warn: console.log, error: console.log },
  child: () => log,
};

heartbeatPing({ url, everyMs: 100, log }).start();
const peers = peerHeartbeats({ maxSilentMs: 60_000, expected: ["backup"], log });
peers.seen("dev-7");
const sink = influxSink({
  url: influx,
  token: "t0ken-of-the-app",
  org: "acme",
  bucket: "apps",
  log,
});
sink.write({ measurement: "m", fields: { n: 1n }, tags: { host: "dev 7" } });

// The work of this app: half a second, then nothing keeps it.
setTimeout(async () => console.log(`flushed ${await sink.flush(AbortSignal.timeout(5_000))}`), 500);
