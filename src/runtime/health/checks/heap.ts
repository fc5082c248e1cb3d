// Checks that the JavaScript heap has room below its limit.
import { builtin } from "../../../kernel/builtin.ts";
import { called, checkOptions, share } from "../../../policies/options.ts";
import type { Check } from "../../parts/health.ts";

export interface HeapCheckOptions {
  /** Degraded from this share of the limit on. Default 0.85. */
  readonly degradedShare?: number;
  /** Unhealthy from this share on. Default 0.95. */
  readonly unhealthyShare?: number;
  /** Default: `v8.getHeapStatistics`. */
  readonly read?: () => { readonly used_heap_size: number; readonly heap_size_limit: number };
}

/**
 * What is used holds garbage that was not collected yet, so a single look may be high without need:
 * register it with a `failureThreshold` of 3 or so.
 */
export function heapCheck(options: HeapCheckOptions = {}): Check {
  checkOptions("heap check", options, {
    degradedShare: share,
    unhealthyShare: share,
    read: called,
  });
  const { degradedShare = 0.85, unhealthyShare = 0.95 } = options;
  const { read = builtin("node:v8").getHeapStatistics } = options;
  return () => {
    const { used_heap_size: used, heap_size_limit: limit } = read();
    const part = limit > 0 ? used / limit : 0;
    if (part < degradedShare) return true;
    const reason = `the heap uses ${mebibytes(used)} of ${mebibytes(limit)} MiB`;
    return { status: part >= unhealthyShare ? "unhealthy" : "degraded", reason };
  };
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}
