import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { CHROMIUM_FLAGS } from "./test/harness/chromium-flags.ts";
import { locateChromium } from "./test/harness/find-chromium.ts";
import { reporters } from "./test/harness/reporters.ts";
import { POLL_MS_MAX, TEST_MS_MAX } from "./test/harness/time-limits.ts";

const chromium = locateChromium();
/** A condition that does not come true is found all the same; one that does is waited for on any machine. */
const PATIENCE = { setupFiles: ["./test/harness/patience.ts"], expect: { poll: { timeout: POLL_MS_MAX } } };

export default defineConfig({
  test: {
    reporters: reporters(),
    projects: [
      {
        test: {
          name: "node",
          environment: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/edge/**", "test/browser/**", "test/system/**"],
          ...PATIENCE,
          testTimeout: TEST_MS_MAX,
        },
      },
      {
        // The edge inside workerd, storage isolated per file. Doors are open: a test of closed ones passes its own env.
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            // Eviction waits for the timer of a report.
            miniflare: {
              bindings: { STRANDLINE_AUTH: "none", STRANDLINE_REPORT_SECONDS: "0.1", STRANDLINE_LOG_LEVEL: "warn" },
            },
          }),
        ],
        test: { name: "workerd", include: ["test/edge/**/*.test.ts"], ...PATIENCE, testTimeout: TEST_MS_MAX },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          ...PATIENCE,
          testTimeout: TEST_MS_MAX,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                args: [...CHROMIUM_FLAGS],
                ...(chromium === null ? {} : { executablePath: chromium }),
              },
            }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
      {
        // Whole systems: real browsers and a bare workerd as child processes, one file at a time.
        test: {
          name: "system",
          environment: "node",
          include: ["test/system/**/*.test.ts"],
          ...PATIENCE,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
