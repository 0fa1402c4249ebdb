import { svelte } from "@sveltejs/vite-plugin-svelte";
import tailwindcss from "@tailwindcss/vite";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Markup with style="…" is barred by the page's policy, in ours and in what we build on: then the build ends. */
const noStyleAttributes: Plugin = {
  name: "no-style-attributes",
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      const found = chunk.type === "chunk" && /<[a-z][\w-]*(?:\s[^<>`]*)?\sstyle="[^`]{0,40}/.exec(chunk.code);
      if (found) this.error(`${chunk.fileName} sets a style in markup, which the page's policy bars: ${found[0]}`);
    }
  },
};

// The page is served under a policy without inline scripts, styles or data: scripts; so nothing is inlined.
export default defineConfig({
  plugins: [svelte(), tailwindcss(), noStyleAttributes],
  worker: { format: "es" },
  build: {
    rollupOptions: {
      input: { index: "index.html", worker: "src/worker.ts" },
      // boot.js starts the worker by its name before anything else is loaded
      output: {
        entryFileNames: ({ name }) => (name === "worker" ? "worker.js" : "assets/[name]-[hash].js"),
        // A browser asks for six files at once: what the first view needs comes as one.
        codeSplitting: {
          groups: [
            { name: "link", test: /\/src\/link\.ts$/, priority: 2 },
            { name: "first", test: /\/src\/(App|views\/Now)\.svelte$/, priority: 1 },
          ],
        },
      },
    },
    outDir: "../src/echelon/console/page",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 400,
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
