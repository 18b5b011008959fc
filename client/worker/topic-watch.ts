/** What a pattern matches may be known to the edge alone: all its topics are asked for, again and again, while a consumer is open. */
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { Backoff } from "../sync/backoff.ts";

/** KafkaJS's `metadataMaxAge`. */
const AGE_MS_MAX = 300_000;
const RETRY = { initialRetryTimeMs: 1_000, maxRetryTimeMs: 30_000 };

export interface TopicWatchDeps {
  readonly refresh: () => Promise<unknown>;
  readonly clock: Clock;
  readonly random: Random;
}

/** Returns the way to end it. */
export function watchTopics({ refresh, clock, random }: TopicWatchDeps): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  const backoff = new Backoff(RETRY, random);
  const watch = async (): Promise<void> => {
    while (!signal.aborted) {
      const answered = await refresh().then(
        () => true,
        () => false,
      );
      if (answered) backoff.reset();
      await clock.sleep(answered ? AGE_MS_MAX : backoff.nextDelayMs(), signal);
    }
  };
  void watch();
  return () => ending.abort();
}
