// How a chart is drawn: thin line, soft fill, few ticks, and colours taken from the page's theme.
import type uPlot from "uplot";
import { figure, hourAndMinute } from "../format.ts";

type Pointed = (at: number | undefined, value: number | undefined) => void;

/** How far back a chart reaches; the same for all, so that they can be compared. */
export const seriesSeconds = 300;

/** Powers of two from 1 MiB on, so that the ticks are round in binary units. */
const byteSteps: number[] = Array.from({ length: 20 }, (_, power) => 2 ** (20 + power));

/** Some room above the highest value, and never a scale that turns noise into mountains. */
function range(unit: string, max: number | null): [number, number] {
  const least = { ratio: 0.1, bytes: 1_048_576, ms: 10 }[unit] ?? 1;
  return [0, Math.max((max ?? 0) * 1.15, least)];
}

export function plotOptions(
  host: HTMLElement,
  size: { width: number; height: number },
  unit: string,
  onPoint: Pointed,
): uPlot.Options {
  // A canvas cannot read custom properties; the host carries them in colours that paint nothing.
  const colours = getComputedStyle(host);
  const font = `11px ${colours.fontFamily}`;
  const axis: uPlot.Axis = {
    stroke: colours.outlineColor,
    font,
    ticks: { show: false },
    grid: { stroke: colours.columnRuleColor, width: 1 },
  };
  return {
    ...size,
    padding: [6, 16, 0, 0],
    legend: { show: false },
    cursor: { y: false, sync: { key: "instance" }, drag: { x: false, y: false } },
    scales: {
      x: { range: (_plot, _min, max) => [max - seriesSeconds, max] },
      y: { range: (_plot, _min, max) => range(unit, max) },
    },
    axes: [
      {
        ...axis,
        size: 22,
        space: 70,
        incrs: [60, 120, 300],
        grid: { show: false },
        values: (_plot, ticks) => ticks.map(hourAndMinute),
      },
      {
        ...axis,
        size: 58,
        space: 28,
        ...(unit === "bytes" ? { incrs: byteSteps } : {}),
        values: (_plot, ticks) => ticks.map((tick) => figure(tick, unit)),
      },
    ],
    series: [
      {},
      {
        stroke: colours.color,
        fill: colours.caretColor,
        width: 1.5,
        points: { show: false },
      },
    ],
    hooks: {
      setCursor: [
        (plot) => {
          const index = plot.cursor.idx;
          if (index === null || index === undefined) onPoint(undefined, undefined);
          else onPoint(plot.data[0][index], plot.data[1]?.[index] ?? undefined);
        },
      ],
    },
  };
}
