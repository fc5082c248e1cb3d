// Builds the dashboard into one page, one script and one stylesheet that need no network.
import { defineConfig, type UserConfig } from "vite";

const config: UserConfig = defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2023",
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});

export default config;
