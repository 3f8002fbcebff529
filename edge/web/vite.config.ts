import { defineConfig, loadEnv } from "vite";

export default defineConfig(({ mode }) => {
  // Where a running edge listens, for `npm run dev`.
  const edge = loadEnv(mode, ".", "CLASSWIRE_").CLASSWIRE_EDGE ?? "http://127.0.0.1:8080";
  return {
    // React's automatic JSX runtime by esbuild: no plugin is needed for a build.
    esbuild: { jsx: "automatic" },
    build: {
      target: "es2022",
      // The content security policy allows files of our own origin only, no data: addresses.
      assetsInlineLimit: 0,
    },
    server: { proxy: { "/api": { target: edge, ws: true }, "/media": edge } },
    test: { include: ["tests/**/*.test.ts"] },
  };
});
