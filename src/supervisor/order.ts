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
