// Reads Markdown as far as the tests of the documents need it: fences, links, headings, tables.

/** A fenced block; `info` is what stands after the opening fence. */
export interface Block {
  readonly info: string;
  readonly text: string;
  /** Line of its first line of text, from 1. */
  readonly line: number;
}

export interface Link {
  readonly target: string;
  readonly line: number;
}

/** One row of a table: heading of the column → text of the cell. */
export type Row = Readonly<Record<string, string>>;

export function blocksOf(markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; info: string; start: number } | undefined;
  const lines = markdown.split("\n");
  lines.forEach((line, index) => {
    const fence = /^ {0,3}(`{3,}|~{3,})\s*(.*)$/.exec(line);
    if (open === undefined) {
      if (fence?.[1]) open = { fence: fence[1], info: fence[2]?.trim() ?? "", start: index + 1 };
    } else if (fence?.[1]?.startsWith(open.fence) && fence[2] === "") {
      const text = `${lines.slice(open.start, index).join("\n")}\n`;
      blocks.push({ info: open.info, text, line: open.start + 1 });
      open = undefined;
    }
  });
  return blocks;
}

/** The text with fenced blocks, code spans and comments turned into spaces. */
export function proseOf(markdown: string): string {
  const blank = (text: string): string => text.replace(/[^\n]/g, " ");
  return markdown
    .replace(/^ {0,3}(`{3,}|~{3,})[\s\S]*?^ {0,3}\1/gm, blank)
    .replace(/<!--[\s\S]*?-->/g, blank)
    .replace(/`[^`\n]+`/g, blank);
}

/** Targets of links and pictures: `[a](b)`, `![a](b)`, `[a]: b`, `src="b"` and `href="b"`. */
export function linksOf(markdown: string): readonly Link[] {
  const forms = [
    /\]\(\s*<?([^\s)>]+)>?[^)]*\)/g,
    /^ {0,3}\[[^\]]+\]:\s*(\S+)/gm,
    /\b(?:src|srcset|href)="([^"\s]+)/g,
  ];
  const prose = proseOf(markdown);
  return forms.flatMap((form) =>
    [...prose.matchAll(form)].map((match) => ({
      target: match[1] ?? "",
      line: prose.slice(0, match.index).split("\n").length,
    })),
  );
}

/** The anchors of the headings, as the usual hosts make them. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const headings = markdown.replace(/^ {0,3}(`{3,}|~{3,})[\s\S]*?^ {0,3}\1/gm, "");
  for (const [, heading = ""] of headings.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-");
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The rows of every table whose first heading is `first`. */
export function rowsOf(markdown: string, first: string): readonly Row[] {
  const rows: Row[] = [];
  let headings: readonly string[] | undefined;
  for (const line of markdown.split("\n")) {
    if (!line.startsWith("|")) headings = undefined;
    else if (/^\|[\s|:-]+\|$/.test(line)) continue;
    else if (headings === undefined) headings = cellsOf(line);
    else if (headings[0] === first) rows.push(rowOf(headings, cellsOf(line)));
  }
  return rows;
}

function cellsOf(line: string): readonly string[] {
  const inner = line.trim().replace(/^\|/, "").replace(/\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function rowOf(headings: readonly string[], cells: readonly string[]): Row {
  if (cells.length !== headings.length) {
    throw new Error(`a row has ${cells.length} cells, its table ${headings.length}: ${cells[0]}`);
  }
  return Object.fromEntries(headings.map((heading, index) => [heading, cells[index] ?? ""]));
}
