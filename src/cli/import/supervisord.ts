// A supervisord.conf as services: each [program:x], with its group, environment and instances.
import { type Draft, type Imported, literal, namer, set, shown } from "./draft.ts";
import { expand, type Ini, type Section } from "./ini.ts";
import { takeKey } from "./supervisord-keys.ts";
import { marked } from "./supervisord-words.ts";

export interface SupervisordAround {
  /** The folder of the file: %(here)s. */
  readonly here: string;
  readonly host: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const processesMax = 64;
/** Read elsewhere: the files of an include come with it. */
const passed = new Set(["group", "supervisord", "include"]);

export function importSupervisord({ sections, odd }: Ini, around: SupervisordAround): Imported {
  const name = namer();
  const notes = odd.map((line) => `not understood: ${line}`);
  const groups = groupsOf(sections);
  const main = sections.find(({ name }) => name === "supervisord")?.entries ?? new Map();
  const drafts = sections.flatMap((section) => {
    const [kind = "", program = ""] = section.name.split(/:(.*)/s);
    if (kind === "program") return programs(section, program, { around, name, groups, main });
    if (passed.has(kind)) return [];
    notes.push(`[${section.name}] has no counterpart${whatOf(section)}`);
    return [];
  });
  for (const [key, value] of main) {
    if (key !== "environment")
      notes.push(`[supervisord] ${key}=${shown(value)} is not carried over`);
  }
  return { drafts, notes };
}

function whatOf({ entries }: Section): string {
  const command = entries.get("command");
  return command === undefined ? "" : `: ${shown(command)}`;
}

function groupsOf(sections: readonly Section[]): ReadonlyMap<string, string> {
  return new Map(
    sections.flatMap(({ name, entries }) => {
      if (!name.startsWith("group:")) return [];
      const programs = (entries.get("programs") ?? "").split(",").map((it) => it.trim());
      return programs.map((program) => [program, name.slice("group:".length)] as const);
    }),
  );
}

interface Around {
  readonly around: SupervisordAround;
  readonly name: ReturnType<typeof namer>;
  readonly groups: ReadonlyMap<string, string>;
  readonly main: ReadonlyMap<string, string>;
}

/** One service with replicas, or one for each process where their numbers are no plain count. */
function programs(section: Section, program: string, outer: Around): readonly Draft[] {
  const { entries } = section;
  const count = Math.min(processesMax, Number(entries.get("numprocs") ?? 1) || 1);
  const first = Number(entries.get("numprocs_start") ?? 0) || 0;
  if (count === 1) return [programOf(section, program, String(first), outer)];
  const all = [...entries].filter(([key]) => key !== "process_name").map(([, value]) => value);
  const formatted = all.some((value) => /%\(process_num\)\d+[sd]/.test(value));
  if (first === 0 && !formatted) {
    const draft = programOf(section, program, `\${index}`, outer);
    set(draft.settings, "replicas", count);
    return [draft];
  }
  return Array.from({ length: count }, (_, i) => {
    const draft = programOf(section, program, String(first + i), outer, `${program}-${first + i}`);
    set(draft.settings, "partOf", draft.settings.partOf ?? groupName(program));
    return draft;
  });
}

function programOf(
  { entries }: Section,
  program: string,
  number: string,
  { around, name, groups, main }: Around,
  called = program,
): Draft {
  const notes: string[] = [];
  const settings: Record<string, unknown> = {};
  const draft: Draft = { name: name(called, notes), settings, notes };
  const group = groups.get(program);
  const values = new Map<string, string | number>([
    ...Object.keys(around.env).map((key) => [`ENV_${key}`, marked(key)] as const),
    ...([
      ["here", around.here],
      ["host_node_name", around.host],
    ] as const),
    ...([
      ["program_name", program],
      ["group_name", group ?? program],
    ] as const),
    ...([
      ["process_num", number],
      ["numprocs", entries.get("numprocs") ?? "1"],
    ] as const),
  ]);
  const text = (value: string): string =>
    expand(literal(value), values, (missing) => {
      notes.push(`%(${missing})s is not known here: set it by hand`);
    });
  for (const [key, value] of main) {
    if (key === "environment") takeKey(draft, key, text(value), around.env);
  }
  for (const [key, raw] of entries) takeKey(draft, key, text(raw), around.env);
  if (settings.command === undefined) notes.push("has no command");
  if (group !== undefined) set(settings, "partOf", groupName(group));
  return draft;
}

function groupName(text: string): string {
  return namer()(text, []);
}
