// Hears an Alertmanager: each alert is a reading, and whether any is firing is one of the service.
import { metrics, type Reading, reading } from "../model/reading.ts";
import { serviceOf, type Target } from "../model/target.ts";
import { type Alert, readAlerts } from "../protocol/alertmanager.ts";
import { parsed } from "../protocol/shape.ts";
import type { SourceView } from "../protocol/sources.ts";
import { createIntake, type Intake, isRefused, type Refused } from "./foreign/intake.ts";
import { placeByLabel } from "./foreign/places.ts";
import { receiver } from "./foreign/receiver.ts";
import type { ForeignSource, ReceiverOptions } from "./foreign/source.ts";
import type { SourceContext } from "./source.ts";

export interface AlertmanagerOptions extends ReceiverOptions {
  /** The label that names the service. */
  readonly label: string;
  /** An alert that is not repeated for so long is over: Alertmanager repeats those that fire. */
  readonly forgetMs: number;
}

export interface AlertmanagerDesk {
  /** @throws WIRE_SHAPE */
  take(body: Buffer): void;
  /** Forgets what was not repeated; says of services without an alert that they have none. */
  sweep(): void;
  view(): SourceView;
}

/** An alert as it was told last. */
interface Known {
  readonly target: Target;
  readonly metric: string;
  readonly text: string;
  lastMs: number;
}

export function createAlertmanagerDesk(
  options: Omit<AlertmanagerOptions, "host" | "port" | "bodyBytes"> & { readonly where: string },
  ctx: Pick<SourceContext, "clock" | "log" | "emit">,
): AlertmanagerDesk {
  const { clock, log } = ctx;
  const { foreign, where, label, forgetMs } = options;
  const intake = createIntake<Known>({ ...foreign, name: "alertmanager", where, clock, log });
  const { tally } = intake;
  const firing = createFiring(ctx);
  const placeOf = placeByLabel(intake, label);
  const startedMs = clock.now();
  let isSettled = false;
  /** The target that it is of; undefined when it is of none here, or left out. */
  const take = (alert: Alert): Target | undefined => {
    const place = placeOf(alert.labels);
    if (typeof place === "string") {
      tally.unmapped(place);
      return undefined;
    }
    // Whether a service is well is asked of all of it: an alert seldom knows our instances.
    const known = knownOf(intake, serviceOf(place.target), alert);
    if (isRefused(known)) {
      if (known.refused) tally.refuse(known.refused);
      return undefined;
    }
    tally.take();
    known.lastMs = clock.wall();
    firing.note(known, alert.isFiring);
    return known.target;
  };
  return {
    take: (body) => {
      intake.begin();
      tally.request();
      try {
        const targets = readAlerts(parsed(body.toString("utf8"))).map(take);
        firing.tell(new Set(targets.filter((target) => target !== undefined)));
      } catch (error) {
        tally.refuse("body");
        throw error;
      }
    },
    sweep: () => {
      const over = firing.all().filter(({ lastMs }) => lastMs <= clock.wall() - forgetMs);
      for (const known of over) firing.note(known, false);
      const touched = new Set(over.map(({ target }) => target));
      // One that was resolved while no daemon lived is not told again: what is not repeated is over.
      if (!isSettled && clock.now() - startedMs >= forgetMs) {
        isSettled = true;
        for (const service of foreign.known) touched.add(service);
      }
      firing.tell(touched);
    },
    view: intake.view,
  };
}

function knownOf(
  intake: Intake<Known>,
  target: Target,
  { labels, summary }: Alert,
): Known | Refused {
  const name = labels.alertname ?? "alert";
  const text = summary === "" ? name : `${name}: ${summary}`;
  const of = { target, labels: {} };
  return intake.series("alert", of, "alert", labels, (_, __, metric) => ({
    ...{ target, metric, text, lastMs: 0 },
  }));
}

const toldMax = 3;

/** Which alerts fire now, and the readings of that. */
function createFiring({ clock, emit }: Pick<SourceContext, "clock" | "emit">): {
  all(): readonly Known[];
  note(known: Known, isFiring: boolean): void;
  tell(targets: ReadonlySet<Target>): void;
} {
  // By name: what was let go for its age and comes again is the same alert.
  const firing = new Map<string, Known>();
  return {
    all: () => [...firing.values()],
    note: (known, isFiring) => {
      const { target, metric, text } = known;
      if (isFiring) firing.set(`${target} ${metric}`, known);
      else firing.delete(`${target} ${metric}`);
      const value = isFiring ? 1 : 0;
      emit([{ target, metric, value, unit: "bool", atMs: clock.now(), note: text }]);
    },
    tell: (targets) => {
      const readings = [...targets].map((target): Reading => {
        const own = [...firing.values()].filter((it) => it.target === target);
        const texts = own.map((it) => it.text);
        const more = texts.length > toldMax ? `, and ${texts.length - toldMax} more` : "";
        const note = texts.length === 0 ? "no alert" : texts.slice(0, toldMax).join("; ") + more;
        return reading(target, metrics.alerts, texts.length === 0 ? 1 : 0, clock.now(), note);
      });
      if (readings.length > 0) emit(readings);
    },
  };
}

const sweepMs = 60_000;

export function alertmanagerSource(options: AlertmanagerOptions): ForeignSource {
  return receiver(options, {
    name: "alertmanager",
    make: (ctx, where) => createAlertmanagerDesk({ ...options, where }, ctx),
    door: (desk) => ({
      takes: { "/": ["application/json"] },
      take: ({ body }) => {
        desk.take(body);
        return { status: 200 };
      },
    }),
    beat: { everyMs: sweepMs, work: (desk) => desk.sweep() },
  });
}
