/** Generous on purpose: a busy machine of two cores is slow, and a test that hangs is found all the same. */
export const TEST_MS_MAX = 30_000;
/** Of one `expect.poll` in a browser, where another worker, with its modules, may have to be loaded first. */
export const POLL_MS_MAX = 15_000;
