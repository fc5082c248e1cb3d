// Services that are well and will run out of something: what leaks is given back by an end alone.
import { type Answer, type Case, diagnosis } from "./case.ts";

/** Only while nothing else is wrong: what is sick now comes first. */
export function exhaustion(of: Case): Answer | undefined {
  const all = of.own.filter(({ kind }) => kind === "exhausting");
  const first = all.toSorted((a, b) => a.why.value - b.why.value)[0];
  if (!first || all.length < of.own.length) return undefined;
  const text = `${first.target} will run out: ${first.why.text}`;
  const others = all.filter((it) => it !== first).map((it) => it.why);
  return diagnosis(of, "exhaustion", first.target, text, [first.why, ...others]);
}
