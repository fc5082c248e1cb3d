// What HAProxy reads beside its config: the script that holds requests, and the bounds of latency.
import { latencyBucketsMs } from "../../protocol/gateway.ts";

/** Looks 50 times a second whether the server that stands for "none is ready" has gone. */
export const holdScript: string = `local stepMs = 20

local function isUp(back, server)
  local status = core.backends[back].servers[server]:get_stats().status
  return not string.find(status, "MAINT")
end

local function hold(txn, back, server, ms)
  local leftMs = tonumber(ms)
  while leftMs > 0 and isUp(back, server) do
    core.msleep(stepMs)
    leftMs = leftMs - stepMs
  end
end

core.register_action("hold", { "http-req" }, hold, 3)
`;

/** Ranges of whole microseconds, each with the place of its bucket. */
export function bucketMap(): string {
  let from = 0;
  const lines = latencyBucketsMs.map((bound, place) => {
    const to = Math.floor(bound * 1_000);
    const line = `${from}:${to} ${place}\n`;
    from = to + 1;
    return line;
  });
  return lines.join("");
}
