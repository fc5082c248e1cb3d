// A hundred changes of configuration under load: none of the requests may notice.
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "../../test/process/support/project.ts";
import { atMost, ours, type Row } from "../supervisor/table.ts";
import { pace } from "./pace.ts";
import { startOurs } from "./peers.ts";
import type { Stage } from "./stage.ts";

export async function changes(stage: Stage): Promise<readonly Row[]> {
  const [one = 0, two = 0, port = 0] = await freePorts(3);
  const servers = await Promise.all(
    [one, two].map((each) => stage.start([stage.server, String(each)], each)),
  );
  const proxy = await startOurs(stage, port, [one, two]);
  const loading = pace(port, 500, 6_000);
  for (let i = 0; i < 100; i++) {
    await proxy.push(i % 2 === 0 ? [one] : [two, one], { timeoutMs: 10_000 + i });
    await sleep(50);
  }
  const { sent, failed } = await loading;
  proxy.close();
  await Promise.all([proxy, ...servers].map((each) => each.end()));
  return [atMost(`failed of ${sent} in 100 changes of configuration`, { [ours]: failed }, 0)];
}
