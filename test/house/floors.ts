// The floors of src/ and the doors between them: who may import whom.
import type { Import } from "./scan.ts";

/**
 * From the ground up. A folder imports from the floors beneath its own, never from a sibling on
 * its own floor and never from above.
 */
const floors: readonly (readonly string[])[] = [
  ["kernel"],
  ["model"],
  ["protocol"],
  ["policies"],
  ["diagnosis", "canary", "learning"],
  ["probes", "sources", "detectors", "actions", "notifiers", "stores", "platforms"],
  ["supervisor", "gateway", "runtime"],
  ["controller"],
  ["server"],
  ["wiring"],
  ["cli"],
];

/** What a kind folder shows: the contract. Its kinds are named by wiring and the faces only. */
const contracts: ReadonlyMap<string, string> = new Map([
  ["probes", "probe.ts"],
  ["sources", "source.ts"],
  ["detectors", "detector.ts"],
  ["actions", "action.ts"],
  ["notifiers", "notifier.ts"],
  ["stores", "store.ts"],
  ["platforms", "platform.ts"],
]);

/** The faces of the package: they gather what is exported, from every floor. */
export const faces: ReadonlySet<string> = new Set([
  "src/index.ts",
  "src/runtime/index.ts",
  "src/runtime/integrations.ts",
  "src/testing/index.ts",
]);

/** Folders of src/ that may name a concrete kind. */
const namesKinds = new Set(["wiring", "testing"]);

/** Floors that the test kit must do without, so that it stays light for those who use it. */
const closedToTesting = new Set(["cli", "server", "wiring"]);

/** The face for people knows the wire and the nouns, nothing of the machinery. */
const openToDashboard = new Set(["protocol", "model", "kernel"]);

export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || /(^|\/)test\//.test(path);
}

/** The folder of src/ that a path lies in; undefined for src/index.ts and for what is outside. */
export function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** The path that a relative import means; undefined for a package. */
export function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** Why an import is not allowed, and by which rule. */
export interface Objection {
  readonly rule: "floor" | "contract";
  readonly message: string;
}

/** Why the file `from` may not import the file `to`; undefined when it may. */
export function objection(from: string, to: string): Objection | undefined {
  const crossing = from.startsWith("src/") ? withinSource(from, to) : fromOutside(from, to);
  if (crossing !== undefined) return { rule: "floor", message: crossing };
  const door = from.startsWith("src/") ? hidden(from, to) : undefined;
  return door === undefined ? undefined : { rule: "contract", message: door };
}

function fromOutside(from: string, to: string): string | undefined {
  const folder = folderOf(to);
  if (isTest(from) || !to.startsWith("src/")) return undefined;
  if (from.startsWith("examples/")) {
    return `an example imports ${to}; it plays the user's part and imports "homeostat"`;
  }
  if (!from.startsWith("dashboard/")) return undefined;
  if (folder !== undefined && openToDashboard.has(folder)) return undefined;
  return `the dashboard imports ${to}; it may know protocol, model and kernel only`;
}

function withinSource(from: string, to: string): string | undefined {
  if (!to.startsWith("src/")) return isTest(from) ? undefined : `src/ imports ${to} from outside`;
  if (faces.has(to)) {
    return isTest(from) ? undefined : `${to} is a face: nothing in src/ imports it`;
  }
  const [above, below] = [folderOf(from), folderOf(to)];
  if (from === "src/index.ts") return undefined;
  if (above === below) return isTest(from) ? undefined : betweenParts(from, to);
  if (above === "testing" && below !== undefined) {
    return closedToTesting.has(below) ? `testing/ imports ${below}/ from above` : undefined;
  }
  if (below === "testing") return isTest(from) ? undefined : "only tests import testing/";
  const [high, low] = [floorOf(above), floorOf(below)];
  if (high < 0) return `${from} lies on no floor`;
  if (low < 0) return `${to} lies on no floor`;
  if (high > low) return undefined;
  if (high === low) return `${above}/ imports its sibling ${below}/`;
  return `${above}/ imports ${below}/ from above`;
}

/** Parts of the runtime are usable alone: they know the contracts in parts/, never each other. */
function betweenParts(from: string, to: string): string | undefined {
  const [one, other] = [from, to].map((path) => /^src\/runtime\/([^/]+)\//.exec(path)?.[1]);
  if (one === undefined || other === undefined || one === other) return undefined;
  // The facade is what joins them; nothing knows it.
  if (other === "parts" || one === "app") return undefined;
  return `runtime/${one}/ imports runtime/${other}/; what both need belongs in runtime/parts/`;
}

function floorOf(folder: string | undefined): number {
  return floors.findIndex((floor) => folder !== undefined && floor.includes(folder));
}

function hidden(from: string, to: string): string | undefined {
  const [user, kind] = [folderOf(from), folderOf(to)];
  const contract = kind === undefined ? undefined : contracts.get(kind);
  if (contract === undefined || user === kind || to === `src/${kind}/${contract}`) return undefined;
  if (isTest(from) || faces.has(from)) return undefined;
  if (user !== undefined && namesKinds.has(user)) return undefined;
  return `${to} is a concrete kind; outside wiring/ only src/${kind}/${contract} is shown`;
}

/** The files that `imports` of `path` mean, packages left out, each with its line. */
export function edgesOf(
  path: string,
  imports: readonly Import[],
): readonly { readonly to: string; readonly line: number }[] {
  return imports.flatMap(({ specifier, line }) => {
    const to = resolve(path, specifier);
    return to === undefined ? [] : [{ to, line }];
  });
}
