// Builds the dashboard into one page, one script and one stylesheet that need no network.
import { readFileSync } from "node:fs";
import { defineConfig, type Plugin, type UserConfig } from "vite";

/**
 * What uPlot brings and no chart here uses: joins, time zones, other kinds of lines, legends,
 * scatter plots, logarithmic scales. Without these lines the rest of it is shaken out of the
 * bundle: 11 kB of 51.
 */
const unused: readonly (readonly [line: string, instead: string])[] = [
  ["uPlot.join = join;", ""],
  ["uPlot.tzDate  = tzDate;", ""],
  ["(paths.stepped = stepped);", ""],
  ["(paths.bars    = bars);", ""],
  ["(paths.spline  = monotoneCubic);", ""],
  ["const showLegend = legend.show;", "const showLegend = false;"],
  ["if (legend.show && legend.live && shouldSetLegend)", "if (false)"],
  ["mode == 2", "false"],
  ["wsc.distr == 3", "false"],
  ["sc.distr == 3", "false"],
  ["sc.distr == 4", "false"],
];

const slimChart: Plugin = {
  name: "slim-chart",
  transform(code, id) {
    if (!id.endsWith("/uPlot.esm.js")) return undefined;
    return unused.reduce((rest, [line, instead]) => {
      // A new version of uPlot must not grow, or break, unnoticed.
      if (!rest.includes(line)) this.error(`uPlot has no "${line}" any more`);
      return rest.replaceAll(line, instead);
    }, code);
  },
};

/** What the MIT licence asks of those who pass its software on: once, for all three. */
function notices(): string {
  const texts = ["preact", "@preact/signals", "uplot"].map((name) => {
    const file = new URL(`../node_modules/${name}/LICENSE`, import.meta.url);
    return { name, text: readFileSync(file, "utf8").replace(/\s+/g, " ") };
  });
  const holders = texts.map(({ name, text }) => {
    const holder = /Copyright \(c\) (.+?) Permission is/.exec(text)?.[1];
    if (holder === undefined) throw new Error(`the licence of ${name} is not MIT any more`);
    return `${name} (c) ${holder}`;
  });
  const terms = texts[0]?.text.replace(/^.*?(?=Permission is)/, "").trim();
  return `/*! Contains ${holders.join(", ")}; MIT licence: ${terms} */`;
}

const config: UserConfig = defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [slimChart],
  build: {
    target: "es2023",
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { postBanner: notices } },
  },
});

export default config;
