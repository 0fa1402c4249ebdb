import { svelte } from "@sveltejs/vite-plugin-svelte";
import tailwindcss from "@tailwindcss/vite";
import { defineConfig } from "vitest/config";

// The page is served under a policy without inline scripts, styles or data: scripts; so nothing is inlined.
export default defineConfig({
  plugins: [svelte(), tailwindcss()],
  worker: { format: "es" },
  build: {
    outDir: "../src/echelon/console/page",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 400,
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
