// Finds circles in a graph of imports; each is told once, as the path that leads round.

export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** One shortest way round for every node that begins a circle not yet told: ["a", "b", "a"]. */
export function circlesOf(graph: Graph): readonly (readonly string[])[] {
  const told = new Set<string>();
  const circles: (readonly string[])[] = [];
  for (const start of [...graph.keys()].sort()) {
    if (told.has(start)) continue;
    const way = wayBack(graph, start);
    if (way === undefined) continue;
    circles.push(way);
    for (const node of way) told.add(node);
  }
  return circles;
}

/** Breadth first from `start` until it is met again. */
function wayBack(graph: Graph, start: string): readonly string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const next of graph.get(node) ?? []) {
      if (next === start) return [...trace(cameFrom, start, node), start];
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return undefined;
}

function trace(cameFrom: ReadonlyMap<string, string>, start: string, end: string): string[] {
  const way = [end];
  for (let node = end; node !== start; ) {
    node = cameFrom.get(node) ?? start;
    way.unshift(node);
  }
  return way;
}
