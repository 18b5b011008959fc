/** A running consumer as an async iterator: the handler waits until the next message is asked for. */
import type { RunConfig } from "./consumer-events.ts";
import type { ReceivedMessage } from "./received-message.ts";

interface Offered {
  readonly message: ReceivedMessage;
  readonly handled: () => void;
  readonly left: (reason: unknown) => void;
}

interface Running {
  readonly signal: AbortSignal | undefined;
  /** `ended` resolves when it was stopped, by whomever, and rejects where it has failed for good. */
  run(config: RunConfig): Promise<{ readonly ended: Promise<void> }>;
  /** Waits for the handler. */
  stop(): Promise<void>;
}

export async function* iterate(running: Running): AsyncGenerator<ReceivedMessage, void, undefined> {
  let offered: Offered | null = null;
  let onOffer: (() => void) | null = null;
  let over = false;
  let started = false;
  const eachMessage = ({ message }: { readonly message: ReceivedMessage }): Promise<void> =>
    new Promise((resolve, reject) => {
      if (over) return reject(new Error("the iteration was left"));
      offered = { message, handled: resolve, left: reject };
      onOffer?.();
    });
  /** Null: stopped. */
  const nextOffer = async (ended: Promise<void>): Promise<Offered | null> => {
    if (offered === null) await Promise.race([new Promise<void>((resolve) => (onOffer = resolve)), ended]);
    const taken = offered as Offered | null;
    offered = null;
    onOffer = null;
    return taken;
  };
  let current: Offered | null = null;
  try {
    const { signal } = running;
    if (isAborted(signal)) return;
    let ended: Promise<void>;
    try {
      ({ ended } = await running.run({ eachMessage, ...(signal === undefined ? {} : { signal }) }));
    } catch (error) {
      if (isAborted(signal)) return;
      throw error;
    }
    started = true;
    for (current = await nextOffer(ended); current !== null; current = await nextOffer(ended)) {
      yield current.message;
      current.handled();
    }
  } finally {
    over = true;
    // What it did not start runs for somebody else.
    const stopped = started ? running.stop() : null;
    current?.left(new Error("the iteration was left"));
    await stopped;
  }
}

/** Asked again after a wait: the compiler takes the first answer for the last. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
