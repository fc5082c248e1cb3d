// Something that people or machines altered: the first suspect of any diagnosis.
import type { Target } from "./target.ts";

export interface Change {
  readonly target: Target;
  readonly what: "config" | "restart" | "start";
  /** Path relative to the project folder, for a config file. */
  readonly file?: string;
  /** Hash of the content after and before the change. */
  readonly version?: string;
  readonly previous?: string;
  readonly by: string;
  readonly atMs: number;
}
