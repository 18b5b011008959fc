/** What an administrator asks for: of the edge as it answers, of the device's own topics and groups. */
import type { LagStatus } from "../../shared/api/groups.ts";
import type { TopicMetadata } from "../../shared/api/metadata.ts";

export interface EdgeRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below the edge's url, with its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly timeoutMs: number;
  /** It is sent also where the page goes meanwhile. */
  readonly keepalive?: boolean;
}

/** `[low, high)` is what a partition holds. */
export interface PartitionBounds {
  readonly partition: number;
  readonly low: number;
  readonly high: number;
}

export interface PartitionPosition {
  readonly partition: number;
  readonly offset: number;
}

export interface DeviceTopic extends TopicMetadata {
  /** Of this device alone. */
  readonly local: boolean;
}

/** Of a group of this device. What only a group at the edge has is null. */
export interface DevicePartitionLag {
  readonly topic: string;
  readonly topicId: string | null;
  readonly partition: number;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly committed: number | null;
  readonly lag: number;
  readonly rate: null;
  readonly timeLagMs: number;
  readonly memberId: null;
  readonly status: LagStatus | null;
  readonly error: null;
}

export interface DeviceGroupLag {
  readonly groupId: string;
  readonly status: LagStatus | null;
  readonly lag: number;
  readonly timeLagMs: number;
  readonly partitions: readonly DevicePartitionLag[];
}

export interface AdminCalls {
  /** With the device's credentials. Rejects with the edge's typed error. */
  edgeRequest(request: EdgeRequest): Promise<unknown>;
  /** Without asking the edge. */
  deviceTopics(): Promise<DeviceTopic[]>;
  /** As the device knows them. */
  partitionBounds(topic: string): Promise<PartitionBounds[]>;
  /** In the device's own copy: of the first record at or after the time; the end where there is none. */
  offsetsAtTime(topic: string, timestamp: number): Promise<PartitionPosition[]>;
  /** Its name is free at once, and nothing of it is left. Of a topic of the device alone, as are the next two. */
  deleteLocalTopic(topic: string): Promise<void>;
  growLocalTopic(topic: string, partitionCount: number): Promise<void>;
  /** All or nothing: the partitions begin at these offsets from then on. */
  deleteLocalRecords(topic: string, before: readonly PartitionPosition[]): Promise<void>;
  /** By partition; null: nothing was committed. */
  groupOffsets(groupId: string, topic: string): Promise<(number | null)[]>;
  /** Rejects with `NON_EMPTY_GROUP` where a consumer of the group runs in any tab. */
  setGroupOffsets(groupId: string, topic: string, positions: readonly PartitionPosition[]): Promise<void>;
  /** Names of those that have committed on this device. */
  deviceGroups(): Promise<string[]>;
  /** As far as the device has heard of the log. Rejects with `GROUP_ID_NOT_FOUND`. */
  deviceGroupLag(groupId: string): Promise<DeviceGroupLag>;
}
