/** `vi.waitFor` gives up after a second, and no option of a project says otherwise: what does not say how long waits as `expect.poll` does. */
import { vi } from "vitest";
import { POLL_MS_MAX } from "./time-limits.ts";

const waitFor = vi.waitFor;
vi.waitFor = (isSo, options = {}) =>
  waitFor(isSo, typeof options === "number" ? options : { timeout: POLL_MS_MAX, ...options });
