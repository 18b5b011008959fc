import { defineConfig } from "vitest/config";
import { firefox } from "./test/harness/firefox-provider.ts";
import { reporters } from "./test/harness/reporters.ts";
import { POLL_MS_MAX, TEST_MS_MAX } from "./test/harness/time-limits.ts";
import { webkit } from "./test/harness/webkit-provider.ts";

/** The browser tests in the two engines beside Chromium, which `npm test` does not need. */
const BROWSER = { enabled: true, headless: true, screenshotFailures: false } as const;
const TESTS = {
  include: ["test/browser/**/*.test.ts"],
  testTimeout: TEST_MS_MAX,
  setupFiles: ["./test/harness/patience.ts"],
  expect: { poll: { timeout: POLL_MS_MAX } },
  fileParallelism: false,
} as const;

export default defineConfig({
  test: {
    reporters: reporters(),
    projects: [
      {
        test: {
          name: "firefox",
          ...TESTS,
          browser: { ...BROWSER, provider: firefox(), instances: [{ browser: "firefox" }] },
        },
      },
      // No window of WebKit is headless: it draws on a screen that does not exist.
      {
        test: {
          name: "webkit",
          ...TESTS,
          browser: { ...BROWSER, headless: false, provider: webkit(), instances: [{ browser: "webkit" }] },
        },
      },
    ],
  },
});
