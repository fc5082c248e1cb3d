// Which kinds of lines a log has, of what is read at once: for the command that shows them.
import { cutLines } from "../platforms/log/lines.ts";
import { createEar } from "../sources/log/ear.ts";
import { idOf } from "../sources/log/mask.ts";

export interface LineKind {
  /** Of its text, the same in every run. */
  readonly id: string;
  readonly count: number;
  readonly severity: string;
  readonly text: string;
}

/** The most frequent first; the one not seen for longest goes when there are more than `most`. */
export async function kindsIn(input: AsyncIterable<Buffer>, most: number): Promise<LineKind[]> {
  const ear = createEar({ learnMs: 0, from: "any", templatesMax: most });
  const stream = ear.open();
  const cutter = cutLines(0, ({ text }) => stream.line(text, true));
  for await (const chunk of input) cutter.push(chunk);
  cutter.end();
  const kinds = [...ear.templates].map(({ text, severity, count }) => {
    return { id: idOf(text), count, severity, text };
  });
  return kinds.toSorted((a, b) => b.count - a.count);
}
