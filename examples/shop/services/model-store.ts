// The model behind recommendations, played inside the process: an upstream call is a timer.
import { setTimeout as sleep } from "node:timers/promises";

const PRODUCTS = 100;

/**
 * The products nearest to `id`, best first. The call takes 3 to 8 ms, or `slowMs` when that is set.
 */
export async function nearest(id: number, count: number, slowMs?: number): Promise<number[]> {
  await sleep(slowMs ?? 3 + Math.random() * 5);
  // Golden-ratio steps: the neighbours are spread, differ from `id` and from each other.
  return Array.from({ length: count }, (_, i) => ((id - 1 + (i + 1) * 62) % PRODUCTS) + 1);
}
