// The lines of a piece of evidence; in a stack, the application's own first frame stands out.
import type { JSX } from "preact";
import { parseFrame, starFrame } from "../stack.ts";

const shownAtOnce = 14;

function Line(props: { text: string; star: boolean }): JSX.Element {
  const frame = parseFrame(props.text);
  if (frame === undefined) return <div class="line">{props.text || " "}</div>;
  return (
    <div class={`line frame ${frame.foreign ? "is-foreign" : ""} ${props.star ? "is-star" : ""}`}>
      <span>{frame.name}</span> <span class="frame-place">{frame.place}</span>
      {props.star ? <b>here</b> : null}
    </div>
  );
}

export function EvidenceLines(props: { lines: readonly string[] }): JSX.Element {
  const { lines } = props;
  const star = starFrame(lines);
  const line = (text: string, index: number): JSX.Element => (
    <Line key={`${index} ${text}`} text={text} star={index === star} />
  );
  return (
    <div class="mono-block evidence">
      {lines.slice(0, shownAtOnce).map(line)}
      {lines.length > shownAtOnce ? (
        <details>
          <summary>{lines.length - shownAtOnce} more lines</summary>
          {lines.slice(shownAtOnce).map((text, index) => line(text, index + shownAtOnce))}
        </details>
      ) : null}
    </div>
  );
}
