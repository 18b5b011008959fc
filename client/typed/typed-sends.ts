/** Sends to typed topics, on their way to the packer like any other. */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Message, TopicMessages } from "../page/message.ts";
import type { Topic } from "./topic-types.ts";

export interface PlainSends {
  readonly topicMessages: readonly TopicMessages<string>[];
  /** Null: all is checked. Rejects with `INVALID_RECORD`. */
  readonly checked: Promise<unknown> | null;
}

/** Throws `INVALID_RECORD`. What is wrong with the list itself is left for others to find. */
export function plainSends(topicMessages: readonly TopicMessages<string | Topic>[]): PlainSends {
  const checks: Promise<void>[] = [];
  if (!Array.isArray(topicMessages as unknown)) return { topicMessages: topicMessages as never, checked: null };
  const plain = topicMessages.map(({ topic, messages }): TopicMessages<string> => {
    if (typeof topic !== "object" || topic === null || !Array.isArray(messages as unknown))
      return { topic: topic as string, messages: messages as readonly Message[] };
    const encoded = (messages as readonly Message[]).map((message, index) => topic.write(message, index));
    for (const { checked } of encoded) if (checked !== null) checks.push(checked);
    return { topic: topic.name, messages: encoded.map(({ message }) => message) };
  });
  return { topicMessages: plain, checked: checks.length === 0 ? null : Promise.all(checks) };
}

/** Keeps sends in the order in which they were made: what comes after one that is still checked, or split, waits for it. */
export class SendOrder {
  #last: Promise<unknown> | null = null;

  /** Rejects with `REQUEST_TIMED_OUT` where that is not done in time; those behind it go on then. */
  after<Sent>(
    checked: Promise<unknown> | null,
    { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
    send: () => Promise<Sent>,
  ): Promise<Sent> {
    if (checked === null && this.#last === null) return send();
    const before = this.#last;
    const passed = checked === null ? Promise.resolve() : inTime(checked, clock, timeoutMs);
    // Whether it passes is known at once to it alone: the others wait until it has left.
    passed.catch(() => {});
    const turn = (async (): Promise<{ readonly sent: Promise<Sent> }> => {
      await before;
      await passed;
      // Wrapped: the next in line waits until it has left, not until it is stored.
      return { sent: send() };
    })();
    const left = turn.then(
      () => {},
      () => {},
    );
    this.#last = left;
    void left.then(() => {
      if (this.#last === left) this.#last = null;
    });
    return turn.then(({ sent }) => sent);
  }
}

async function inTime(checked: Promise<unknown>, clock: Clock, timeoutMs: number): Promise<void> {
  const timer = new AbortController();
  const late = clock.sleep(timeoutMs, timer.signal).then(() => {
    if (!timer.signal.aborted)
      throw new StrandlineError("REQUEST_TIMED_OUT", `nothing was stored: it was not ready within ${timeoutMs} ms`, {
        timeoutMs,
      });
  });
  try {
    await Promise.race([checked, late]);
  } finally {
    timer.abort();
  }
}
