// The figures of a real process, as it shows them in both formats; nothing of them keeps it alive.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const script = join(import.meta.dirname, "support", "metrics-process.ts");

/** What a process shows that then ends by itself: nothing of its metrics may keep it. */
async function shown(format: string): Promise<string> {
  const args = ["--conditions=source", script, format];
  const { stdout } = await run(process.execPath, args, { timeout: 20_000, killSignal: "SIGKILL" });
  return stdout;
}

function value(text: string, series: string): number {
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}

test("a process shows CPU, memory, descriptors, loop and collections, and ends by itself", async () => {
  const text = await shown("openmetrics");
  assert.ok(value(text, "process_cpu_seconds_total") > 0.2, "300 ms of it on purpose");
  assert.ok(value(text, "process_resident_memory_bytes") > 10_000_000);
  assert.ok(value(text, "nodejs_heap_size_used_bytes") > 1_000_000);
  assert.ok(Math.abs(value(text, "process_start_time_seconds") - Date.now() / 1_000) < 60);
  const lag = value(text, "nodejs_eventloop_lag_max_seconds");
  assert.ok(lag > 0.2 && lag < 10, `${lag} s`);
  assert.ok(value(text, "nodejs_eventloop_lag_p50_seconds") < 0.2);
  const busy = value(text, "nodejs_eventloop_utilization_ratio");
  assert.ok(busy > 0.2 && busy <= 1, String(busy));
  assert.ok(value(text, 'nodejs_gc_duration_seconds_count{kind="major"}') >= 1);
  if (process.platform === "linux") {
    assert.ok(value(text, "process_open_fds") >= 3);
    assert.ok(value(text, "process_max_fds") >= value(text, "process_open_fds"));
    assert.ok(
      value(text, "process_virtual_memory_bytes") > value(text, "process_resident_memory_bytes"),
    );
  }
  assert.ok(text.endsWith("# EOF\n"));
});
