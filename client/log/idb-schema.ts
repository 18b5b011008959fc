/**
 * The database of one device at version 3. Keys are explicit and out of line, so that a write that is repeated lands
 * on itself; there is no secondary index, since each would double the rows a write touches. Values: `rows.ts`.
 *
 * | store        | key                                         | written by                                       | absence means                               |
 * |--------------|---------------------------------------------|--------------------------------------------------|---------------------------------------------|
 * | meta         | `"device"`                                  | `openDevice`, once                               | the database was never used                 |
 * | meta         | `["moved", topicKey, waiting sequence]`     | `LocalLog`, `TopicCatalog`; never changes        | no record at or above it was assigned late  |
 * | meta         | `"toldOfDevices"`                           | `DeviceRegistry`, once                           | the edge was never told of this device      |
 * | meta         | `["read", topicKey]`                        | `EvictableReplica`, at most every ten minutes    | not read since the device was made          |
 * | meta         | `["kept", group, life of a member]`         | `KeptCommits`, while the edge is out of reach    | all its commits were answered               |
 * | meta         | `["instance", group, instance id]`          | `KeptCommits`, with each life                    | no such static member ran on this device    |
 * | topics       | topicKey                                    | `TopicCatalog`                                   | this device never heard of the topic        |
 * | partitions   | `[topicKey, partition]`                     | everyone, in the transaction of the change       | nothing sent to it, nothing replicated      |
 * | pending      | `[topicKey, partition, local sequence]`     | `LocalLog`, `TopicCatalog`; deleted by `Outbox`  | committed, dead, or moved from partition -1 |
 * | log          | `[topicKey, partition, base offset]`        | `Replica`, `Outbox`; of a local topic `LocalLog` | not held here                               |
 * | offsets      | `[group, topicKey, partition]`              | `Replica`                                        | the group never committed                   |
 * | offsets      | `["", group, topicKey, partition]`          | `Replica`, when a consumer's turn begins         | no consumer of the group ever had it        |
 * | deadLetters  | `[topicKey, partition, local sequence]`     | `Outbox`                                         | not refused for good                        |
 * | state        | `[group, part of the key, ...]`             | transactions of the group's handlers             | never put, or deleted                       |
 * | tables       | `[topicKey]`                                | `StoredTables`, `Replica` where a log restarts   | no table of the topic was opened yet        |
 * | tables       | `[topicKey, segment]`                       | `StoredTables`                                   | nothing kept, or written anew under another |
 */

/** Tabs of a version and of the one before meet: a change raises it, adds a step to `upgrades.ts`, and tests the way. */
export const SCHEMA_VERSION = 3;
