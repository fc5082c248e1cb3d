// What the gateway adds to the slowest of a hundred answers while it has half of the work it could do.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../../test/process/support/project.ts";
import { atMost, ours, type Row, shown } from "../supervisor/table.ts";
import { load, median, type Round } from "./load.ts";
import { startOurs } from "./peers.ts";
import type { Stage } from "./stage.ts";

const rounds = 7;
const seconds = 3;
/**
 * Each client waits so long after an answer: the rate is set by how many there are. wrk counts what
 * a client would have asked in a stall of more than two such waits, so that a stall is not one slow
 * answer. Its timers tick in milliseconds: what is due in the same one comes at once.
 */
const pauseMs = 4;
const goalMs = 1;

export async function half(stage: Stage): Promise<readonly Row[]> {
  const [upstream = 0, port = 0] = await freePorts(2);
  const direct = await stage.start([stage.server, String(upstream)], upstream);
  const proxy = await startOurs(stage, port, [upstream]);
  const script = join(stage.folder, "pause.lua");
  writeFileSync(script, `function delay() return ${pauseMs} end\n`);
  await load(port, proxy, { connections: 50, seconds: 1 });
  const most = await load(port, proxy, { connections: 50, seconds });
  const connections = Math.max(1, Math.round((most.perSecond / 2 / 1_000) * pauseMs));
  const how = { connections, seconds, script };
  const pairs: { readonly through: Round; readonly straight: Round }[] = [];
  for (let round = 0; round < rounds; round++) {
    const straight = await load(upstream, direct, how);
    pairs.push({ straight, through: await load(port, proxy, how) });
  }
  proxy.close();
  await Promise.all([proxy.end(), direct.end()]);
  const of = (value: (pair: (typeof pairs)[number]) => number): number => median(pairs.map(value));
  const cells = (value: (round: Round) => number): Record<string, number> => ({
    direct: of(({ straight }) => value(straight)),
    [ours]: of(({ through }) => value(through)),
  });
  return [
    shown(
      "requests a second at half load",
      cells(({ perSecond }) => perSecond),
    ),
    shown(
      "p50 ms at half load",
      cells(({ p50Ms }) => p50Ms),
    ),
    shown(
      "p99 ms at half load",
      cells(({ p99Ms }) => p99Ms),
    ),
    atMost(
      "p99 ms added at half load",
      { [ours]: of(({ straight, through }) => through.p99Ms - straight.p99Ms) },
      goalMs,
    ),
    atMost(
      "failed requests at half load",
      { [ours]: pairs.reduce((sum, { through }) => sum + through.failed, 0) },
      0,
    ),
  ];
}
