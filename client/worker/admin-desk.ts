/** An administrator's calls: to the edge as they are, and those that the device answers as its own broker. */
import { offset as toOffset, partition as toPartition, type Offset } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type { AdminCalls, EdgeRequest, PartitionBounds, PartitionPosition } from "../calls/admin-calls.ts";
import type { PartitionRef } from "../log/device-log.ts";
import type { TopicRow } from "../log/rows.ts";
import type { Device } from "./device.ts";
import { deviceGroupLag } from "./device-lag.ts";
import { metadataOf } from "./topics.ts";

interface Position {
  readonly ref: PartitionRef;
  readonly offset: Offset;
}

export class AdminDesk {
  readonly #device: Device;

  constructor(device: Device) {
    this.#device = device;
  }

  get calls(): AdminCalls {
    return {
      edgeRequest: (request) => this.#edge(request),
      deviceTopics: async () =>
        (await this.#device.catalog.all())
          .filter(({ retired }) => !retired)
          .map((row) => ({ ...metadataOf(row), local: row.local })),
      offsetsAtTime: (topic, timestamp) => this.#offsetsAtTime(topic, timestamp),
      partitionBounds: (topic) => this.#bounds(topic),
      deleteLocalTopic: async (topic) => {
        await this.#device.topicAdmin.delete((await this.#local(topic)).topicKey);
        this.#device.news.publish({ type: "learned" });
      },
      growLocalTopic: (topic, partitionCount) => this.#grow(topic, partitionCount),
      deleteLocalRecords: async (topic, before) =>
        await this.#device.topicAdmin.deleteRecords(positionsIn(await this.#local(topic), before)),
      deviceGroups: () => this.#device.replica.groups(),
      deviceGroupLag: (groupId) => deviceGroupLag(this.#device, groupId),
      groupOffsets: (groupId, topic) => this.#committed(groupId, topic),
      setGroupOffsets: (groupId, topic, positions) => this.#commit(groupId, topic, positions),
    };
  }

  async #edge(request: EdgeRequest): Promise<unknown> {
    const { sync } = this.#device;
    if (sync === null) throw new StrandlineError("UNSUPPORTED_OPERATION", "there is no edge to ask: no url was given");
    return await sync.request(request);
  }

  async #bounds(topic: string): Promise<PartitionBounds[]> {
    const refs = refsOf(await this.#known(topic));
    const rows = await this.#device.replica.rows(refs);
    return refs.map(({ partition }, index) => ({
      partition,
      low: rows[index]?.logStartOffset ?? 0,
      high: rows[index]?.highWatermark ?? 0,
    }));
  }

  async #offsetsAtTime(topic: string, timestamp: number): Promise<PartitionPosition[]> {
    const { replica } = this.#device;
    const refs = refsOf(await this.#known(topic));
    const rows = await replica.rows(refs);
    return await Promise.all(
      refs.map(async (ref, index) => ({
        partition: ref.partition,
        offset: (await replica.offsetForTime(ref, timestamp)) ?? rows[index]?.highWatermark ?? 0,
      })),
    );
  }

  async #grow(topic: string, partitionCount: number): Promise<void> {
    const row = await this.#local(topic);
    const before = row.partitionCount ?? 0;
    if (!Number.isInteger(partitionCount) || partitionCount < before || partitionCount > LIMITS.partitionsPerTopicMax)
      throw new StrandlineError(
        "INVALID_PARTITIONS",
        `${partitionCount}: ${topic} has ${before}, and may have ${LIMITS.partitionsPerTopicMax}`,
        { topic, partitionCount: String(partitionCount) },
      );
    await this.#device.topicAdmin.grow(row.topicKey, partitionCount);
    this.#device.news.publish({ type: "learned" });
  }

  async #committed(groupId: string, topic: string): Promise<(number | null)[]> {
    const refs = refsOf(await this.#known(topic));
    return await Promise.all(refs.map((ref) => this.#device.replica.committed(groupId, ref)));
  }

  /** Under the lock that all its members share: a running consumer would commit over it. */
  async #commit(groupId: string, topic: string, positions: readonly PartitionPosition[]): Promise<void> {
    const { locks, replica, database } = this.#device;
    const offsets = positionsIn(await this.#known(topic), positions);
    let free = false;
    await locks.request(`strandline:${database}:group:${groupId}`, { ifAvailable: true }, async () => {
      free = true;
      await replica.commit(groupId, offsets);
    });
    if (!free)
      throw new StrandlineError("NON_EMPTY_GROUP", `${JSON.stringify(groupId)}: stop its consumers first`, { groupId });
  }

  async #local(topic: string): Promise<TopicRow> {
    const row = await this.#known(topic);
    if (!row.local) throw new StrandlineError("UNSUPPORTED_OPERATION", `${topic} is a topic of the edge`, { topic });
    return row;
  }

  async #known(topic: string): Promise<TopicRow> {
    const row = await this.#device.catalog.byName(checkTopicName(topic));
    if (row === undefined) throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", topic, { topic });
    return row;
  }
}

function refsOf({ topicKey, partitionCount }: TopicRow): PartitionRef[] {
  return Array.from({ length: partitionCount ?? 0 }, (_, index) => ({ topicKey, partition: toPartition(index) }));
}

function positionsIn(topic: TopicRow, positions: readonly PartitionPosition[]): Position[] {
  const refs = refsOf(topic);
  return positions.map(({ partition, offset }) => {
    const ref = refs[partition];
    if (ref === undefined)
      throw new StrandlineError(
        "UNKNOWN_TOPIC_OR_PARTITION",
        `partition ${partition}, ${topic.name} has ${refs.length}`,
        { topic: topic.name, partition, partitionCount: refs.length },
      );
    return { ref, offset: toOffset(offset) };
  });
}
