// What losses do to the rest of the app: they are counted, logged and told, and it may die of them.
import { exitCode, messageOf } from "../../kernel/errors.ts";
import { pulseOf } from "../../kernel/pulse.ts";
import type { Bus } from "../parts/bus.ts";
import type { Metrics } from "../parts/metrics.ts";
import type { Stopping } from "../parts/stopping.ts";
import { type Surroundings, surroundings } from "../parts/surroundings.ts";
import { errorField, kinds, type Loss } from "./entry.ts";
import type { Roster } from "./roster.ts";
import type { Home } from "./tracked-given.ts";

export interface HomeOptions extends Partial<Surroundings> {
  readonly stopping?: Stopping;
  readonly bus?: Bus;
  readonly metrics?: Metrics;
  /** How the process ends of a loss when there is no `stopping`. Default: `process.exit`. */
  readonly exit?: (code: number) => void;
}

export function createHome(options: HomeOptions, roster: Roster): Home {
  const { clock, random, log } = surroundings(options);
  const { stopping, bus, metrics, exit = (code) => process.exit(code) } = options;
  const help = "Watched things that ended or fell silent without being told to";
  const lost = metrics?.counter("watchdog_lost", { help });
  // At 0 from the start for each kind, so that an absent series means something else.
  const perKind = new Map(kinds.map((kind) => [kind, lost?.with({ kind })]));
  for (const counter of perKind.values()) counter?.add(0);
  metrics?.gauge("watchdog_watched", { help: "Things watched", read: () => roster.all().length });
  metrics?.gauge("watchdog_missing", {
    help: "Watched things that should live and do not",
    read: () => roster.roll().missing.length,
  });

  const publish: Home["publish"] = (type, severity, data) => {
    try {
      bus?.publish({ type, source: "watchdog", severity, data });
    } catch (error) {
      log.error(`${type} could not be published: ${messageOf(error)}`, { error });
    }
  };

  return {
    clock,
    random,
    log,
    pulse: pulseOf(clock),
    isStopping: () => stopping?.stopping ?? false,
    publish,
    die: (cause) => {
      if (stopping) return stopping.die(cause);
      log.error(`the process ends: ${messageOf(cause)}`, { error: cause });
      exit(exitCode(cause) || 1);
    },
    lost: (loss: Loss) => {
      const { id, kind, reason, site } = loss;
      perKind.get(kind)?.add();
      const expected = roster.all().length;
      const { missing } = roster.roll();
      const fields = { entry: id, site, expected, missing, ...errorField(loss.error) };
      log.error(`${kind} ${id} was lost: ${reason}`, fields);
      publish("watchdog.lost", "critical", { ...loss, expected, missing });
    },
    gone: roster.drop,
  };
}
