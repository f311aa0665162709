import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

// WebKitGTK 2.50 is the oldest web view we meet; `light-dark()` and nesting are native there.
const target = "safari18";

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), ...(mode === "test" ? [svelteTesting()] : [])],
  clearScreen: false,
  server: { port: 1420, strictPort: true },
  build: {
    target,
    cssTarget: target,
    outDir: mode === "mock" ? "dist-mock" : "dist",
    emptyOutDir: true,
    // Nothing may become a data: address: the content security policy allows only files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 9000,
  },
  worker: {
    format: "es" as const,
    rolldownOptions: {
      output: {
        // Verovio is LGPL: it stays a file of its own that its user may replace.
        codeSplitting: { groups: [{ name: "verovio", test: /node_modules[\\/]verovio/ }] },
        chunkFileNames: "assets/[name]-[hash].js",
      },
    },
  },
  test: {
    environment: "jsdom",
    include: ["tests/**/*.test.ts"],
    setupFiles: ["tests/setup.ts"],
    restoreMocks: true,
  },
}));
