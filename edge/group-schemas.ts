/** The shapes of what is asked of groups, and answered. */
import { z } from "zod";
import type {
  CommitOffsets,
  CommittedOffset,
  CommittedOffsets,
  GroupAssignment,
  GroupDescription,
  GroupHeartbeat,
  GroupLag,
  GroupList,
  GroupOffsets,
  GroupSubscription,
  LeaveGroup,
  OffsetsReset,
  ResetOffsets,
  TopicPartitions,
} from "../shared/api/groups.ts";
import { LIMITS } from "../shared/limits.ts";
import { errorBody, type NamedSchema } from "./answer-schemas.ts";
import { askedEpoch, eachOnce, int32, leaderEpoch, offset, ONCE, topicId } from "./schemas.ts";

/** A member's own: what is longer is none that was ever given. */
const memberId = z.string().min(1).max(128);
const topicName = z.string().min(1).max(LIMITS.topicNameCharsMax);
const partitions = z.array(int32).max(LIMITS.partitionsPerTopicMax);
/** Of as many topics as patterns mean, and a body holds. */
const owned: z.ZodType<readonly TopicPartitions[]> = z.array(z.strictObject({ topicId, partitions }));

const subscription: z.ZodType<GroupSubscription> = z.strictObject({
  topics: z.array(topicName).max(LIMITS.groupTopicsMax),
  patterns: z
    .array(
      z.strictObject({
        source: z.string().min(1).max(LIMITS.groupPatternCharsMax),
        flags: z.string().max(8),
      }),
    )
    .max(LIMITS.groupPatternsMax),
});

/** Whether a timeout is within its bounds is another error than that it is none. */
const timeoutMs = z.int().min(0);

export const groupHeartbeat: z.ZodType<GroupHeartbeat> = z.strictObject({
  memberId,
  memberEpoch: z.int().min(-2).max(Number.MAX_SAFE_INTEGER),
  owned,
  subscription: subscription.exactOptional(),
  instanceId: z.string().min(1).max(LIMITS.groupInstanceIdCharsMax).exactOptional(),
  previousMemberId: memberId.exactOptional(),
  assignor: z.string().min(1).max(64).exactOptional(),
  clientId: z.string().max(255).exactOptional(),
  sessionTimeoutMs: timeoutMs.exactOptional(),
  rebalanceTimeoutMs: timeoutMs.exactOptional(),
});

export const leaveGroupRequest: z.ZodType<LeaveGroup> = z.strictObject({
  memberId,
  forAWhile: z.boolean().exactOptional(),
});

export const commitOffsetsRequest: z.ZodType<CommitOffsets> = z.strictObject({
  memberId: memberId.nullable(),
  memberEpoch: z.int(),
  commit: z.int().min(0),
  offsets: z
    .array(
      z.strictObject({
        topicId,
        partition: int32,
        offset,
        metadata: z.string().exactOptional(),
        leaderEpoch: askedEpoch.nullable().exactOptional(),
      }),
    )
    .min(1)
    .max(LIMITS.commitPartitionsMax)
    .refine(eachOnce, ONCE),
});

export const resetOffsetsRequest: z.ZodType<ResetOffsets> = z
  .strictObject({
    topics: z.array(topicName).min(1).max(LIMITS.groupTopicsMax).exactOptional(),
    to: z.union(
      [
        z.enum(["earliest", "latest"]),
        z.strictObject({ shift: z.int() }),
        z.strictObject({ timestamp: z.int().min(0) }),
        z.strictObject({
          offsets: z
            .array(z.strictObject({ topic: topicName, partition: int32, offset: offset.nullable() }))
            .min(1)
            .max(LIMITS.commitPartitionsMax)
            .refine(
              (all) => new Set(all.map(({ topic, partition }) => `${topic} ${partition}`)).size === all.length,
              ONCE,
            ),
        }),
      ],
      "earliest, latest, {shift}, {timestamp} or {offsets: [{topic, partition, offset}]}",
    ),
    dryRun: z.boolean().exactOptional(),
  })
  .refine(({ topics, to }) => topics === undefined || typeof to === "string" || !("offsets" in to), {
    path: ["topics"],
    message: "offsets say which topics are meant",
  });

export const groupOffsetsQuery: z.ZodType<{ topics?: string | undefined }> = z.strictObject({
  /** Names with commas between them. */
  topics: z.string().optional(),
});

const committed: z.ZodType<CommittedOffset> = z.object({
  offset,
  metadata: z.string(),
  committedAt: z.int(),
  leaderEpoch: leaderEpoch.nullable(),
});

const groupAssignment: z.ZodType<GroupAssignment> = z.object({
  memberId: z.string(),
  memberEpoch: z.int(),
  heartbeatIntervalMs: z.int(),
  sessionTimeoutMs: z.int(),
  assignment: z.array(
    z.object({
      topicId,
      topic: z.string(),
      partitions: z.array(z.object({ partition: int32, committed: committed.nullable().exactOptional() })),
    }),
  ),
});

const committedOffsets: z.ZodType<CommittedOffsets> = z.object({
  offsets: z.array(z.object({ topicId, partition: int32, error: errorBody.nullable() })),
});

const groupOffsets: z.ZodType<GroupOffsets> = z.object({
  offsets: z.array(
    z.object({
      topic: z.string(),
      topicId,
      partition: int32,
      committed: committed.nullable(),
      error: errorBody.nullable(),
    }),
  ),
});

const offsetsReset: z.ZodType<OffsetsReset> = z.object({
  offsets: z.array(
    z.object({
      topic: z.string(),
      partition: int32,
      from: offset.nullable(),
      to: offset.nullable(),
      error: errorBody.nullable(),
    }),
  ),
});

const listing = { groupId: z.string(), protocolType: z.literal("consumer") };
const groupList: z.ZodType<GroupList> = z.object({ groups: z.array(z.object(listing)) });

const groupDescription: z.ZodType<GroupDescription> = z.object({
  ...listing,
  state: z.enum(["Empty", "Assigning", "Stable"]),
  groupEpoch: z.int(),
  assignor: z.string(),
  members: z.array(
    z.object({
      memberId: z.string(),
      instanceId: z.string().nullable(),
      clientId: z.string(),
      memberEpoch: z.int(),
      subscription,
      assignment: owned,
      target: owned,
    }),
  ),
  topics: z.array(z.object({ topicId, topic: z.string() })),
});

const lagStatus = z.enum(["OK", "WARNING", "STALLED", "STOPPED"]).nullable();
const count = z.int().min(0);
const groupLag: z.ZodType<GroupLag> = z.object({
  groupId: z.string(),
  status: lagStatus,
  lag: count,
  timeLagMs: count,
  partitions: z.array(
    z.object({
      ...{ topic: z.string(), topicId, partition: int32, logStartOffset: offset, logEndOffset: offset },
      ...{ committed: offset.nullable(), lag: count, rate: z.number().nullable(), timeLagMs: count },
      ...{ memberId: z.string().nullable(), status: lagStatus, error: errorBody.nullable() },
    }),
  ),
});

const named = (name: string, schema: z.ZodType): NamedSchema => ({ name, schema });

export const GROUP_HEARTBEAT: NamedSchema = named("GroupHeartbeat", groupHeartbeat);
export const GROUP_ASSIGNMENT: NamedSchema = named("GroupAssignment", groupAssignment);
export const LEAVE_GROUP: NamedSchema = named("LeaveGroup", leaveGroupRequest);
export const COMMIT_OFFSETS: NamedSchema = named("CommitOffsets", commitOffsetsRequest);
export const COMMITTED_OFFSETS: NamedSchema = named("CommittedOffsets", committedOffsets);
export const GROUP_OFFSETS: NamedSchema = named("GroupOffsets", groupOffsets);
export const RESET_OFFSETS: NamedSchema = named("ResetOffsets", resetOffsetsRequest);
export const OFFSETS_RESET: NamedSchema = named("OffsetsReset", offsetsReset);
export const GROUP_LIST: NamedSchema = named("GroupList", groupList);
export const GROUP_DESCRIPTION: NamedSchema = named("GroupDescription", groupDescription);
export const GROUP_LAG: NamedSchema = named("GroupLag", groupLag);
