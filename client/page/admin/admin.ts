/** KafkaJS's admin. Loaded when one of its calls is made: no page waits for it that does not administer. */
import type { AclOperation, AclFilter, PatternType, PermissionType, ResourceType } from "../../../shared/api/acls.ts";
import type { TopicConfig } from "../../../shared/api/metadata.ts";
import type { PartitionPosition } from "../../calls/admin-calls.ts";
import type {
  DeletedGroup,
  FetchOffsets,
  GroupDescription,
  GroupLag,
  GroupOffsets,
  GroupOverview,
  GroupPositions,
  OfCoordinator,
  OffsetsReset,
  PositionInput,
  ResetOffset,
} from "./group-types.ts";
import type { Wait } from "./ports.ts";

export interface TopicSpec {
  readonly topic: string;
  /** The broker's default, where absent or -1. */
  readonly numPartitions?: number;
  /** Of KafkaJS: the platform replicates, whatever is said here. */
  readonly replicationFactor?: number;
  readonly configEntries?: readonly { readonly name: string; readonly value: string }[];
}

export interface TopicPartitionCount {
  readonly topic: string;
  /** How many there shall be, not how many more. */
  readonly count: number;
}

export interface TopicDescription {
  readonly name: string;
  /** Null: made on this device, not known to an edge. */
  readonly topicId: string | null;
  /** Of KafkaJS, but for the id: there is one broker, 0. */
  readonly partitions: readonly {
    readonly partitionId: number;
    readonly partitionErrorCode: 0;
    readonly leader: number;
    readonly replicas: readonly number[];
    readonly isr: readonly number[];
  }[];
  readonly config: TopicConfig;
}

/** `[low, high)` is what the partition holds; `offset` is its end, as in KafkaJS. */
export interface PartitionOffsets {
  readonly partition: number;
  readonly offset: number;
  readonly low: number;
  readonly high: number;
}

export interface ConfigResource {
  /** 2: a topic. */
  readonly type: 2;
  readonly name: string;
  /** All, where absent. */
  readonly configNames?: readonly string[];
}

export interface DescribedConfigs {
  readonly resources: readonly {
    readonly errorCode: 0;
    readonly errorMessage: null;
    readonly resourceType: 2;
    readonly resourceName: string;
    readonly configEntries: readonly {
      readonly configName: string;
      readonly configValue: string;
      readonly isDefault: boolean;
      /** Of Kafka: 1 the topic's own, 5 the default. */
      readonly configSource: 1 | 5;
      readonly readOnly: false;
      readonly isSensitive: false;
    }[];
  }[];
  readonly throttleTime: 0;
}

export interface AlterConfigs {
  readonly validateOnly?: boolean;
  readonly resources: readonly {
    readonly type: 2;
    readonly name: string;
    /** Null resets to the default; what is not named stays. */
    readonly configEntries: readonly { readonly name: string; readonly value: string | null }[];
  }[];
}

export interface AclEntry {
  readonly resourceType: ResourceType;
  /** `*` with `LITERAL`: every resource of the type. */
  readonly resourceName: string;
  readonly resourcePatternType: PatternType;
  /** `User:` and a name, or `User:*`. */
  readonly principal: string;
  /** `*` alone. */
  readonly host?: string;
  readonly operation: AclOperation;
  readonly permissionType: PermissionType;
}

/** What is absent, or `ANY`, is not asked about. */
export type AclEntryFilter = Omit<AclFilter, "patternType"> & {
  readonly resourcePatternType?: AclFilter["patternType"];
  readonly host?: string;
};

export interface AclResource extends Pick<AclEntry, "resourceType" | "resourceName" | "resourcePatternType"> {
  readonly acls: readonly Pick<AclEntry, "principal" | "host" | "operation" | "permissionType">[];
}

/**
 * Of the edge where there is one, else of the device. Every call takes `timeout` and `signal`, rejects with the typed
 * error of whoever refused it, and with `NETWORK_EXCEPTION` where the edge is needed and out of reach.
 */
export interface Admin {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** False where all of them existed. `validateOnly` makes none, and looks at names, counts and what exists. */
  createTopics(
    options: Wait & {
      readonly topics: readonly TopicSpec[];
      readonly validateOnly?: boolean;
      /** Of KafkaJS: a topic that was made can be used. */
      readonly waitForLeaders?: boolean;
    },
  ): Promise<boolean>;
  /** Their names are free at once. A tab that still sends to one makes it anew where topics are made on demand. */
  deleteTopics(options: Wait & { readonly topics: readonly string[] }): Promise<void>;
  /** Resolves once the new partitions can be used. Keys go to other partitions then. */
  createPartitions(
    options: Wait & { readonly topicPartitions: readonly TopicPartitionCount[]; readonly validateOnly?: boolean },
  ): Promise<boolean>;
  /** Offline, those that the device knows. */
  listTopics(options?: Wait): Promise<string[]>;
  /** Without `topics`: all. */
  fetchTopicMetadata(
    options?: Wait & { readonly topics?: readonly string[] },
  ): Promise<{ readonly topics: readonly TopicDescription[] }>;
  fetchTopicOffsets(topic: string, options?: Wait): Promise<PartitionOffsets[]>;
  /** Of the first record at or after the time, in milliseconds since 1970; the end of a partition that has none. */
  fetchTopicOffsetsByTimestamp(topic: string, timestamp?: number, options?: Wait): Promise<PartitionPosition[]>;
  describeConfigs(options: Wait & { readonly resources: readonly ConfigResource[] }): Promise<DescribedConfigs>;
  /** Changes what is named and nothing else, as Kafka's IncrementalAlterConfigs does. */
  alterConfigs(options: Wait & AlterConfigs): Promise<void>;
  /** The partitions begin at these offsets from then on; -1 is the end. */
  deleteTopicRecords(
    options: Wait & { readonly topic: string; readonly partitions: readonly PositionInput[] },
  ): Promise<void>;
  /** The edge is one broker, 0; a device alone is none. `clusterId` is the namespace. */
  describeCluster(options?: Wait): Promise<{
    readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
    readonly controller: number | null;
    readonly clusterId: string;
  }>;
  createAcls(options: Wait & { readonly acl: readonly AclEntry[] }): Promise<boolean>;
  describeAcls(options: Wait & AclEntryFilter): Promise<{ readonly resources: readonly AclResource[] }>;
  deleteAcls(options: Wait & { readonly filters: readonly AclEntryFilter[] }): Promise<{
    readonly filterResponses: readonly { readonly errorCode: 0; readonly matchingAcls: readonly AclEntry[] }[];
  }>;
  /** Those that may be described; of the device those that have committed, once and since. */
  listGroups(options?: Wait & OfCoordinator): Promise<{ readonly groups: readonly GroupOverview[] }>;
  /** Of groups at the edge, as the next one: `UNSUPPORTED_OPERATION` of those of a device. */
  describeGroups(
    groupIds: readonly string[],
    options?: Wait & OfCoordinator,
  ): Promise<{ readonly groups: readonly GroupDescription[] }>;
  /** With their offsets, while they have no member. Rejects with a `DeleteGroupsError` where not all were deleted. */
  deleteGroups(groupIds: readonly string[], options?: Wait & OfCoordinator): Promise<DeletedGroup[]>;
  fetchOffsets(options: Wait & FetchOffsets): Promise<GroupOffsets[]>;
  /** Of a group none of whose consumers runs: else `NON_EMPTY_GROUP`. */
  setOffsets(options: Wait & GroupPositions): Promise<void>;
  /**
   * KafkaJS's: of one topic, to the end of its log, or with `earliest` to its start. Or `to` what it says: also a time, a
   * shift by so many records, or stated offsets, of many topics. As `setOffsets`. Rejects with a `ResetOffsetsError` where
   * partitions refuse; the others are reset.
   */
  resetOffsets(options: Wait & OffsetsReset): Promise<ResetOffset[]>;
  /** How far it is behind, partition by partition. `GROUP_ID_NOT_FOUND` */
  lag(groupId: string, options?: Wait & OfCoordinator): Promise<GroupLag>;
}
