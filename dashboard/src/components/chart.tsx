// One metric of one instance over the last five minutes; new values come from the stream.
import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import type { JSX, RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { fetchSeries } from "../api.ts";
import { figure, timeOfDay } from "../format.ts";
import { state } from "../store.ts";
import { isDark } from "../theme.ts";
import { plotOptions, seriesSeconds } from "./plot-options.ts";

const heightPx = 112;

type Points = [number[], number[]];

interface ChartProps {
  readonly target: string;
  readonly metric: string;
  readonly title: string;
  readonly unit: string;
}

function append(points: Points, at: number, value: number): boolean {
  const [times, values] = points;
  if (at <= (times.at(-1) ?? 0)) return false;
  times.push(at);
  values.push(value);
  while ((times[0] ?? at) < at - seriesSeconds) {
    times.shift();
    values.shift();
  }
  return true;
}

interface Drawing {
  readonly host: RefObject<HTMLDivElement | null>;
  readonly points: { current: Points };
  readonly latest: Signal<number | undefined>;
  /** Draws the points anew. */
  readonly redraw: () => void;
  /** The point under the pointer, on this chart or on its neighbours. */
  readonly pointed: Signal<{ at: number; value: number } | undefined>;
}

function useDrawing(unit: string): Drawing {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const points = useRef<Points>([[], []]);
  const latest: Drawing["latest"] = useSignal(undefined);
  const pointed: Drawing["pointed"] = useSignal(undefined);
  const dark = isDark();
  // A canvas keeps the colours it was drawn with, so another theme needs another chart.
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const point = (at: number | undefined, value: number | undefined): void => {
      pointed.value = at === undefined || value === undefined ? undefined : { at, value };
    };
    const size = () => ({ width: element.clientWidth, height: heightPx });
    const made = new uPlot(plotOptions(element, size(), unit, point), points.current, element);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize(size()));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [dark, unit]);
  const redraw = (): void => {
    plot.current?.setData(points.current);
    latest.value = points.current[1].at(-1);
  };
  return { host, points, latest, pointed, redraw };
}

/** Keeps the drawing fed; the answer says why there is nothing to see, when there is nothing. */
function useReadings(target: string, metric: string, drawing: Drawing): string | undefined {
  const { points, redraw } = drawing;
  const missing = useSignal<string | undefined>(undefined);
  useEffect(() => {
    let gone = false;
    fetchSeries(target, metric, seriesSeconds).then(
      (series) => {
        if (gone) return;
        points.current = [[...series.at], [...series.values]];
        redraw();
        missing.value = series.at.length === 0 ? "No readings yet." : undefined;
      },
      (error: Error) => {
        if (!gone) missing.value = error.message;
      },
    );
    return () => {
      gone = true;
    };
  }, [target, metric]);
  useSignalEffect(() => {
    const view = state.value;
    const instance = view?.services
      .flatMap((service) => service.instances)
      .find((one) => one.target === target);
    const value = instance?.latest[metric];
    if (view === undefined || value === undefined) return;
    if (!append(points.current, Date.parse(view.time) / 1_000, value)) return;
    redraw();
    if (points.current[0].length > 1) missing.value = undefined;
  });
  return missing.value;
}

export function Chart(props: ChartProps): JSX.Element {
  const { target, metric, title, unit } = props;
  const drawing = useDrawing(unit);
  const missing = useReadings(target, metric, drawing);
  const pointed = drawing.pointed.value;
  const shown = pointed?.value ?? drawing.latest.value;
  return (
    <figure class="chart">
      <figcaption>
        <span>{title}</span>
        <span>
          {pointed === undefined ? null : (
            <span class="quiet">{timeOfDay(new Date(pointed.at * 1_000).toISOString())} </span>
          )}
          {shown === undefined ? "–" : figure(shown, unit)}
        </span>
      </figcaption>
      <div class="chart-host" ref={drawing.host} />
      {missing === undefined ? null : <p class="chart-missing quiet">{missing}</p>}
    </figure>
  );
}
