/** What a developer who listens to none of a consumer's events finds in the console. */
import type { ConsumerPayloads } from "./consumer-events.ts";
import type { Consumer } from "./consumer.ts";
import type { Logger } from "./logger.ts";

export function logEvents(consumer: Consumer, logger: Logger): void {
  consumer.on("crash", (crash) => {
    const { error, topic, partition, retryInMs } = crash;
    logger.error(sentenceOf(crash), { error, topic, partition, retryInMs });
  });
  consumer.on("offset_reset", ({ topic, partition, from, to, reason }) =>
    logger.warn("the position is no more in the log", { topic, partition, from, to, reason }),
  );
  consumer.on("corrupt", ({ error, topic, partition, from, to }) =>
    logger.error("records cannot be read and are passed by", { error, topic, partition, from, to }),
  );
  consumer.on("invalid", ({ topic, partition, offset, part, issues }) =>
    logger.error("a record is not as its topic says", { topic, partition, offset, part, issues }),
  );
}

function sentenceOf({ restart, retryInMs, topic, partition }: ConsumerPayloads["crash"]): string {
  if (!restart) return "the consumer has ended";
  if (partition !== undefined) return "a handler failed, its record comes again";
  if (topic !== undefined) return "a topic may not be read, the others are";
  return retryInMs === null ? "a consumer is not in its group, and tries again" : "a consumer failed, and tries again";
}
