/** One buffer that holds these bytes and nothing else, to be transferred. A single run that fills its buffer is not copied. */
export function exactBuffer(runs: readonly Uint8Array<ArrayBuffer>[]): ArrayBuffer {
  const [only] = runs;
  if (runs.length === 1 && only !== undefined && only.byteLength === only.buffer.byteLength) return only.buffer;
  const bytes = new Uint8Array(runs.reduce((sum, run) => sum + run.byteLength, 0));
  let at = 0;
  for (const run of runs) {
    bytes.set(run, at);
    at += run.byteLength;
  }
  return bytes.buffer;
}
