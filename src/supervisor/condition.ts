// What a service may wait for in another one before it starts, and the words for it.

/**
 * ready: one of its instances is · started: one of its processes was · completed: a job has done its
 * work · logged: one of its instances has written a line with this text since its start.
 */
export type Condition = "ready" | "started" | "completed" | { readonly logged: string };

export interface Dependent {
  readonly dependsOn: readonly string[];
  /** Those that are not to be "ready". */
  readonly conditions?: Readonly<Record<string, Condition>>;
}

export function conditionOf({ conditions = {} }: Dependent, name: string): Condition {
  return Object.hasOwn(conditions, name) ? (conditions[name] ?? "ready") : "ready";
}

/** "db waits for …" goes on with it: "cache to have logged …". */
export function untilText(condition: Condition): string {
  if (typeof condition === "object") return `have logged ${JSON.stringify(condition.logged)}`;
  return condition === "ready" ? "be ready" : `have ${condition}`;
}
