// Takes what the app says of itself over its link; an app that has said nothing of late is unknown.
import { HomeostatError } from "../kernel/errors.ts";
import type { Target } from "../model/target.ts";
import { answered, begin, excerpt, noAnswer } from "./answer.ts";
import type { Probe } from "./probe.ts";

/** Which of its words counts. */
export type LinkWord = "healthy" | "ready" | "live" | "started";

/** The latest report of an app, as far as a probe needs it. */
export interface Said {
  readonly status: "unknown" | "healthy" | "degraded" | "unhealthy";
  readonly reason?: string;
  readonly live: boolean;
  readonly ready: boolean;
  readonly started: boolean;
  readonly ageMs: number;
}

export interface LinkProbeOptions {
  readonly word: LinkWord;
  /** A report that is older is none. */
  readonly withinMs: number;
  /** The latest report; undefined while there is none. */
  readonly said: (target: Target) => Said | undefined;
  /** Why no app can be linked at all. */
  readonly problem: () => string | undefined;
}

export function linkProbe(options: LinkProbeOptions): Probe {
  const { word, withinMs } = options;
  return {
    name: "link",
    check: async (of, ctx) => {
      const check = begin(of, ctx);
      if (ctx.signal.aborted) return noAnswer(check);
      const problem = options.problem();
      if (problem !== undefined) {
        const text = `the link probe of ${of.target} hears nothing: ${problem}`;
        throw new HomeostatError("CONFIG_INVALID", text);
      }
      const said = options.said(of.target);
      if (!said || said.ageMs > withinMs) return [];
      const well = isWell(word, said);
      if (well === undefined) return [];
      const latencyMs = ctx.clock.now() - check.startedAtMs;
      if (well) return answered(check, latencyMs);
      const why = said.reason === undefined ? "" : `: ${excerpt(said.reason, 200)}`;
      return answered(check, latencyMs, `its app says it is not ${word}${why}`);
    },
  };
}

/** A degraded app does its work in part: that is no reason to end it. */
function isWell(word: LinkWord, said: Said): boolean | undefined {
  if (word !== "healthy") return said[word];
  return said.status === "unknown" ? undefined : said.status !== "unhealthy";
}
