/** What a socket has room for. A subscription that it has none for is refused alone: the others are as they were. */
import type { TailSubscribe } from "../../shared/api/tail.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

interface HeldSubscription {
  readonly topicId: string;
  readonly partition: number;
  readonly windowBytes: number;
}

/** Throws `INVALID_REQUEST` that names the subscription, and the limit where there is one. */
export function demandRoom(held: readonly HeldSubscription[], asked: TailSubscribe): void {
  const { id, topicId, partition, windowBytes } = asked;
  if (held.some((one) => one.topicId === topicId && one.partition === partition)) {
    const said = `${topicId}, partition ${partition} is subscribed on this socket`;
    throw new StrandlineError("INVALID_REQUEST", said, { id, topicId, partition });
  }
  if (held.length >= LIMITS.tailSubscriptionsMax) {
    const limit = LIMITS.tailSubscriptionsMax;
    throw new StrandlineError("INVALID_REQUEST", `subscription ${id}: ${limit} are the most`, { id, limit });
  }
  const bytes = held.reduce((sum, one) => sum + one.windowBytes, windowBytes);
  if (bytes <= LIMITS.tailWindowBytesMax) return;
  const limit = LIMITS.tailWindowBytesMax;
  const said = `with subscription ${id} this socket's windows would be ${bytes} bytes, of at most ${limit}`;
  throw new StrandlineError("INVALID_REQUEST", said, { id, bytes, limit });
}
