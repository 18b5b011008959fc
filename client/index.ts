/** The public interface, and the only barrel. */
export { Strandline } from "./in-browser.ts";
export type { StrandlineClient } from "./strandline.ts";
export type { StrandlineEvents } from "./page/strandline-events.ts";
export type { WaitOptions } from "./page/abort.ts";
export type { DeviceStorage, FollowOptions, Sync } from "./page/client-parts.ts";
export type { StrandlineOptions } from "./options.ts";
export { StrandlineError, type ErrorBody, type ErrorDetails } from "../shared/strandline-error.ts";
export { ERRORS, type ErrorCode } from "../shared/error-table.ts";
export { logLevel, type LogCreator, type LogEntry, type LogLevel } from "./page/logger.ts";
export type {
  Acks,
  HeaderValue,
  Message,
  MessageValue,
  ProducerBatch,
  ProducerRecord,
  SendOptions,
  TopicMessages,
} from "./page/message.ts";
export { CompressionTypes, type CompressionType } from "./page/message.ts";
export type { RecordMetadata } from "./page/record-metadata.ts";
export type { Producer, ProducerEvents } from "./page/producer.ts";
export type { ProducerOptions } from "./page/producer-options.ts";
export { topic, type TopicFormats } from "./typed/topic.ts";
export type { MessageFor, MessageOf, Topic, TypedMessage } from "./typed/topic-types.ts";
export type { TypedConsumer } from "./typed/typed-consumer.ts";
export type { InvalidRecord, OnInvalid } from "./typed/typed-reader.ts";
export type { Serde } from "./typed/parts.ts";
export type { Issue, Schema } from "./typed/standard-schema.ts";
export {
  Partitioners,
  type CreatePartitioner,
  type Partitioner,
  type PartitionMetadata,
} from "./producer/partitioner.ts";
export type { Consumer, TopicPartitions } from "./page/consumer.ts";
export type { ConsumerConfig, Subscription } from "./page/consumer-config.ts";
export type {
  Batch,
  ConsumerEvents,
  ConsumerPayloads,
  EachBatchPayload,
  EachMessagePayload,
  RunConfig,
} from "./page/consumer-events.ts";
export type { OffsetLike, OffsetsByTopic, OffsetsInput, SeekInput } from "./page/offsets.ts";
export type { Retention } from "./calls/topic-calls.ts";
export type { DecodedTopic, Table, TableEntriesOptions, TableOptions } from "./page/table.ts";
export type { TableChange } from "./page/table-view.ts";
export type { Transaction, TransactionState } from "./page/transaction.ts";
export type { StateKey } from "./calls/transaction-calls.ts";
export type { ReceivedHeader, ReceivedMessage } from "./page/received-message.ts";
export type {
  AclEntry,
  AclEntryFilter,
  AclResource,
  Admin,
  AlterConfigs,
  ConfigResource,
  DescribedConfigs,
  PartitionOffsets,
  TopicDescription,
  TopicPartitionCount,
  TopicSpec,
} from "./page/admin/admin.ts";
export type {
  DeletedGroup,
  DeleteGroupsError,
  FetchOffsets,
  GroupDescription,
  GroupLag,
  GroupOffsets,
  GroupOverview,
  GroupPositions,
  MemberDescription,
  OffsetsReset,
  PartitionLag,
  ResetOffset,
  ResetOffsetsError,
} from "./page/admin/group-types.ts";
export type { PartitionPosition } from "./calls/admin-calls.ts";
export type { Receipt, SyncedRecord } from "./page/receipt.ts";
export type { RecordPlace } from "./calls/record-place.ts";
export type { DeadLetter, DeadLetters, LetterChoice } from "./page/dead-letters.ts";
export type { FlushOptions } from "./page/flush.ts";
export type { TopicPartitionOffset } from "./calls/consumer-calls.ts";
export type { KnownDevice } from "../shared/api/devices.ts";
export type { StorageReport } from "./calls/device-calls.ts";
export type { OutboxStatus, ReceiptState, SyncError, SyncProgress } from "./calls/outbox-calls.ts";
