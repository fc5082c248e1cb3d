// The order of starting and stopping: what a service depends on comes first, and goes last.

export interface Node {
  readonly name: string;
  readonly dependsOn: readonly string[];
}

/** Names in starting order, dependencies first; the reverse is the order of stopping. */
export function startOrder(nodes: readonly Node[]): readonly string[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const order: string[] = [];
  const visited = new Set<string>();
  const visit = (name: string): void => {
    if (visited.has(name)) return;
    visited.add(name);
    for (const next of byName.get(name)?.dependsOn ?? []) visit(next);
    if (byName.has(name)) order.push(name);
  };
  for (const node of nodes) visit(node.name);
  return order;
}

/** A cycle of dependencies as a list that ends where it began; undefined when there is none. */
export function findCycle(nodes: readonly Node[]): readonly string[] | undefined {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const done = new Set<string>();
  const walk = (name: string, path: readonly string[]): readonly string[] | undefined => {
    const at = path.indexOf(name);
    if (at >= 0) return [...path.slice(at), name];
    if (done.has(name)) return undefined;
    for (const next of byName.get(name)?.dependsOn ?? []) {
      const cycle = walk(next, [...path, name]);
      if (cycle) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const node of nodes) {
    const cycle = walk(node.name, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/**
 * Does the work for each node when it is done for all that depend on it; those that do not know each
 * other do not wait for each other. One that fails keeps none from its turn. @throws the first fault
 */
export async function dependentsFirst(
  nodes: readonly Node[],
  work: (name: string) => Promise<void>,
): Promise<void> {
  const names = new Set(nodes.map(({ name }) => name));
  const dependents = new Map<string, string[]>();
  for (const { name, dependsOn } of nodes) {
    for (const needed of dependsOn) {
      dependents.set(needed, [...(dependents.get(needed) ?? []), name]);
    }
  }
  const ends = new Map<string, Promise<PromiseSettledResult<void>>>();
  const end = (name: string): Promise<PromiseSettledResult<void>> => {
    const known = ends.get(name);
    if (known) return known;
    const before = (dependents.get(name) ?? []).filter((other) => names.has(other)).map(end);
    const own = Promise.all(before).then(async () => {
      const [settled] = await Promise.allSettled([work(name)]);
      return settled;
    });
    ends.set(name, own);
    return own;
  };
  for (const settled of await Promise.all(nodes.map(({ name }) => end(name)))) {
    if (settled.status === "rejected") throw settled.reason;
  }
}
