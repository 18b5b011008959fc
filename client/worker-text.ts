/** The worker's program as text. The build puts it in the place of this file; run from its source the library needs none. */
export function workerText(): Promise<string | null> {
  return Promise.resolve(null);
}
