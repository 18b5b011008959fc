/** The partitions of a group, as its object reaches them: each within a time, some at once, as many as one event may call. */
import type { TopicId } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Env } from "../env.ts";
import { log, thrownFields } from "../log.ts";
import type { Outcome } from "../outcome.ts";
import type { GroupPort } from "../partition/group-port.ts";
import { partitionPort, partitionStub } from "../partition-stub.ts";
import type { Place } from "./group-store.ts";

export interface GroupPartition {
  readonly namespace: string;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly place: Place;
}

/** Cloudflare has allowed 1,000 calls of one invocation, and allows 10,000 by now, on a paid plan. */
export const CALLS_PER_EVENT_MAX = 900;
export const CALLS_AT_ONCE_MAX = 32;
/** A partition that does not answer must not hold up the others. */
const CALL_MS_MAX = 5_000;

export class GroupPartitions {
  readonly #env: Env;
  readonly #clock: Clock;

  constructor(env: Env, clock: Clock) {
    this.#env = env;
    this.#clock = clock;
  }

  /** `KAFKA_STORAGE_ERROR` where the call breaks or takes too long: it may have happened. Never rejects. */
  async ask<Value>(at: GroupPartition, ask: (port: GroupPort) => Promise<Outcome<Value>>): Promise<Outcome<Value>> {
    const { namespace, topicId, partition, place } = at;
    const over = new AbortController();
    try {
      const { jurisdiction, location } = place;
      const config = {
        ...(jurisdiction === undefined ? {} : { jurisdiction }),
        ...(location === undefined ? {} : { location }),
      };
      const stub = partitionStub(this.#env, namespace, { topicId, config }, partition);
      const asked = ask(partitionPort(stub, () => undefined));
      asked.catch(() => undefined);
      const late = this.#clock.sleep(CALL_MS_MAX, over.signal).then(() => null);
      const outcome = await Promise.race([asked, late]);
      if (outcome !== null) return outcome;
      log.warn("a partition did not answer its group in time", { topicId, partition });
    } catch (thrown) {
      log.warn("a partition could not be asked by its group", { topicId, partition, ...thrownFields(thrown) });
    } finally {
      over.abort();
    }
    return {
      ok: false,
      error: new StrandlineError("KAFKA_STORAGE_ERROR", "the partition could not be asked").toBody(),
    };
  }
}
