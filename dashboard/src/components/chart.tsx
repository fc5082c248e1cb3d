// One metric of one instance over the last five minutes; new values come from the stream.
import { useSignal, useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { fetchSeries } from "../api.ts";
import { figure, timeOfDay } from "../format.ts";
import { state } from "../store.ts";
import { isDark } from "../theme.ts";
import { plotOptions } from "./plot-options.ts";

const seconds = 300;
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
  while ((times[0] ?? at) < at - seconds) {
    times.shift();
    values.shift();
  }
  return true;
}

export function Chart(props: ChartProps): JSX.Element {
  const { target, metric, unit } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const points = useRef<Points>([[], []]);
  const missing = useSignal<string | undefined>(undefined);
  const pointed = useSignal<{ at: number; value: number } | undefined>(undefined);
  const dark = isDark();

  // The theme's colours are baked in.
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const point = (at: number | undefined, value: number | undefined): void => {
      pointed.value = at === undefined || value === undefined ? undefined : { at, value };
    };
    const size = { width: element.clientWidth, height: heightPx };
    const made = new uPlot(plotOptions(element, size, unit, point), points.current, element);
    plot.current = made;
    const watch = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: heightPx }),
    );
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [dark, unit]);

  useEffect(() => {
    let gone = false;
    fetchSeries(target, metric, seconds).then(
      (series) => {
        if (gone) return;
        points.current = [[...series.at], [...series.values]];
        plot.current?.setData(points.current);
        missing.value = series.at.length === 0 ? "No readings yet." : undefined;
      },
      (error: Error) => {
        if (!gone) missing.value = error.message;
      },
    );
    return () => {
      gone = true;
    };
  }, [target, metric, missing]);

  useSignalEffect(() => {
    const view = state.value;
    const instance = view?.services
      .flatMap((service) => service.instances)
      .find((one) => one.target === target);
    const value = instance?.latest[metric];
    if (view === undefined || value === undefined) return;
    if (append(points.current, Date.parse(view.time) / 1_000, value)) {
      plot.current?.setData(points.current);
      if (points.current[0].length > 1) missing.value = undefined;
    }
  });

  const latest = points.current[1].at(-1);
  void state.value;
  const shown = pointed.value?.value ?? latest;
  return (
    <figure class="chart">
      <figcaption>
        <span>{props.title}</span>
        <span>
          {pointed.value === undefined ? null : (
            <span class="quiet">
              {timeOfDay(new Date(pointed.value.at * 1_000).toISOString())}{" "}
            </span>
          )}
          {shown === undefined ? "–" : figure(shown, unit)}
        </span>
      </figcaption>
      <div class="chart-host" ref={host} />
      {missing.value === undefined ? null : <p class="chart-missing quiet">{missing.value}</p>}
    </figure>
  );
}
