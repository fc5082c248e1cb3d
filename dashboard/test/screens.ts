// Takes pictures of each view in each size and theme, and fails when one scrolls sideways.
import { mkdir } from "node:fs/promises";
import type { Page } from "playwright-core";
import { launch } from "./chromium.ts";
import { type Fixture, startFixture } from "./fixture.ts";
import type { Scene } from "./world.ts";

const folder = process.argv[2] ?? "/tmp/screens";

const sizes = {
  phone: { width: 390, height: 844 },
  small: { width: 360, height: 640 },
  desktop: { width: 1280, height: 800 },
} as const;

interface View {
  readonly scene: Scene;
  readonly hash: string;
  readonly prepare?: (page: Page, fixture: Fixture) => Promise<void>;
}

const views: Readonly<Record<string, View>> = {
  now: { scene: "healing", hash: "#/" },
  incident: { scene: "healing", hash: "#/incidents/7" },
  refusal: { scene: "healing", hash: "#/incidents/6" },
  paused: {
    scene: "approval",
    hash: "#/",
    prepare: async (_page, fixture) =>
      fixture.shop.pause("anna", "maintenance of the database", Date.now() - 192_000),
  },
  approval: { scene: "approval", hash: "#/" },
  calm: { scene: "calm", hash: "#/" },
  panel: { scene: "healing", hash: "#/instances/catalog/1" },
  asked: {
    scene: "healing",
    hash: "#/",
    prepare: async (page) => page.keyboard.press("s"),
  },
  tip: {
    scene: "healing",
    hash: "#/",
    prepare: async (page) =>
      page.getByRole("slider", { name: /catalog\/1/ }).hover({ position: { x: 12, y: 10 } }),
  },
  lost: {
    scene: "healing",
    hash: "#/",
    prepare: async (page, fixture) => {
      fixture.setGone(true);
      await page.waitForTimeout(7_500);
    },
  },
};

const only = process.argv.slice(3);
const wanted = (name: string): boolean =>
  only.length === 0 || only.some((word) => name.includes(word));

await mkdir(folder, { recursive: true });
const browser = await launch();
const wide: string[] = [];
for (const [name, view] of Object.entries(views)) {
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const theme of ["dark", "light"] as const) {
      const label = `${name}-${size}-${theme}`;
      if (!wanted(label)) continue;
      const fixture = await startFixture(view.scene);
      const page = await browser.newPage({ viewport, colorScheme: theme, reducedMotion: "reduce" });
      page.on("console", (message) => {
        if (message.type() === "error" && name !== "lost") console.log(label, message.text());
      });
      page.on("pageerror", (error) => console.log(label, error.stack));
      await page.goto(fixture.url + view.hash);
      await page.waitForSelector(".verdict-text");
      await view.prepare?.(page, fixture);
      await page.waitForTimeout(1_300);
      const [scroll, inner] = (await page.evaluate(
        "[document.scrollingElement.scrollWidth, innerWidth]",
      )) as [number, number];
      if (scroll > inner) wide.push(`${label}: ${scroll} > ${inner}`);
      if (size !== "small") {
        await page.screenshot({ path: `${folder}/${label}.png` });
        if (name === "incident" || name === "now" || name === "refusal") {
          await page.screenshot({ path: `${folder}/${label}-full.png`, fullPage: true });
        }
      }
      await page.close();
      await fixture.close();
    }
  }
}
await browser.close();
console.log(
  wide.length === 0 ? `no view scrolls sideways; pictures in ${folder}` : wide.join("\n"),
);
process.exitCode = wide.length === 0 ? 0 : 1;
