/** How long the main thread was not to be had: the longest gap between two ticks of a channel that is always ready. */
export async function longestTaskWhile(body: () => Promise<unknown>): Promise<number> {
  const { port1, port2 } = new MessageChannel();
  let last = performance.now();
  let longest = 0;
  let over = false;
  const tick = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (!over) port2.postMessage(null);
  };
  port1.addEventListener("message", tick);
  port1.start();
  tick();
  await body();
  // The task that resolved it counts as well.
  tick();
  over = true;
  port1.close();
  return longest;
}
