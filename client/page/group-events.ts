/** What is told of a consumer's group. */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { GroupNews, OwnedPartition } from "../calls/consumer-calls.ts";
import type { ConsumerPayloads } from "./consumer-events.ts";
import type { TopicPartition } from "./paused-partitions.ts";
import type { PositionBook } from "./position-book.ts";

export interface GroupEventsDeps {
  readonly book: PositionBook;
  readonly clock: Clock;
  readonly tell: <Name extends keyof ConsumerPayloads>(name: Name, payload: ConsumerPayloads[Name]) => void;
}

export class GroupEvents {
  readonly #deps: GroupEventsDeps;
  readonly #groupId: string;

  constructor(deps: GroupEventsDeps, groupId: string) {
    this.#deps = deps;
    this.#groupId = groupId;
  }

  /** What there is now, if it has joined at all. */
  join(rebalancingSince: number): void {
    const { book, clock, tell } = this.#deps;
    const { view } = book.share;
    if (view?.joined !== true) return;
    const memberAssignment = byTopic(book.share.owned().filter(({ leaving }) => !leaving));
    const duration = Math.max(0, clock.now() - rebalancingSince);
    const { memberId, protocol: groupProtocol } = view;
    tell("group_join", { groupId: this.#groupId, memberId, memberAssignment, groupProtocol, duration });
  }

  partitions(
    name: "partitions_assigned" | "partitions_revoked" | "partitions_lost",
    of: readonly OwnedPartition[],
  ): void {
    const { book, tell } = this.#deps;
    const memberId = book.share.view?.memberId ?? null;
    tell(name, { groupId: this.#groupId, memberId, partitions: byTopic(of) });
  }

  news(news: readonly GroupNews[]): void {
    const { tell } = this.#deps;
    const groupId = this.#groupId;
    for (const each of news) {
      if (each.type === "heartbeat") {
        const { memberId, groupGenerationId } = each;
        tell("heartbeat", { groupId, memberId, groupGenerationId });
      } else if (each.type === "failed") {
        const error = StrandlineError.fromBody(each.error);
        tell("crash", { error, groupId, restart: true, retryInMs: null });
      } else {
        const { topic, partition, from, to, code } = each;
        tell("commit_fenced", { groupId, topic, partition, from, to, code });
      }
    }
  }
}

function byTopic(partitions: readonly TopicPartition[]): Record<string, number[]> {
  const topics: Record<string, number[]> = {};
  for (const { topic, partition } of partitions) (topics[topic] ??= []).push(partition);
  return topics;
}
