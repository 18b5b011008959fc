/** Where groups are, and where they go on: groups of this device, and of the edge. */
import type {
  GroupOffsets as EdgeOffsets,
  OffsetsReset as EdgeReset,
  ResetOffsets,
} from "../../../shared/api/groups.ts";
import { groupBy } from "../../../shared/group-by.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { checkTopicName } from "../../../shared/topic-name.ts";
import type { PartitionBounds } from "../../calls/admin-calls.ts";
import type {
  FetchOffsets,
  GroupOffsets,
  GroupPositions,
  OffsetsReset,
  ResetOffset,
  ResetOffsetsError,
} from "./group-types.ts";
import { checkGroup, groupPath, ifKnown, isAtEdge, noGroupHere } from "./groups.ts";
import { moveOnDevice, planOnDevice } from "./device-reset.ts";
import { bounds, checkPositions, checkTime } from "./offsets.ts";
import type { AdminPorts, Wait } from "./ports.ts";
import { describeTopics, listTopics } from "./topics.ts";

export async function groupOffsets(ports: AdminPorts, asked: FetchOffsets, wait: Wait): Promise<GroupOffsets[]> {
  checkGroup(asked.groupId);
  asked.topics?.forEach(checkTopicName);
  const found = isAtEdge(ports, asked)
    ? await edgeOffsets(ports, asked, wait)
    : await deviceOffsets(ports, asked, wait);
  if (asked.resolveOffsets !== true) return found;
  return await Promise.all(
    found.map(async ({ topic, partitions }) => {
      const ends = partitions.some(({ offset }) => offset < 0) ? await bounds(ports, topic, wait) : [];
      return {
        topic,
        partitions: partitions.map((one) => (one.offset < 0 ? { ...one, offset: highOf(ends, one.partition) } : one)),
      };
    }),
  );
}

function highOf(all: readonly PartitionBounds[], partition: number): number {
  return all.find((one) => one.partition === partition)?.high ?? 0;
}

/** A topic that is named and in which the group has never been: -1 for each of its partitions. */
async function edgeOffsets(ports: AdminPorts, { groupId, topics }: FetchOffsets, wait: Wait): Promise<GroupOffsets[]> {
  const query = topics === undefined ? "" : `?topics=${topics.map(encodeURIComponent).join(",")}`;
  const path = groupPath(groupId, `/offsets${query}`);
  const answer = await ports.edge<EdgeOffsets>({ method: "GET", path }, wait).catch(ifKnown);
  const held = groupBy(answer?.offsets ?? [], ({ topic }) => topic);
  const missing = (topics ?? []).filter((topic) => !held.has(topic));
  const unmet = new Map(
    (missing.length === 0 ? [] : await describeTopics(ports, missing, wait)).map(({ name, partitions }) => [
      name,
      partitions.map(({ partitionId: partition }) => ({ partition, offset: -1, metadata: null })),
    ]),
  );
  const found = (topics ?? [...held.keys()]).map((topic) => ({
    topic,
    partitions:
      unmet.get(topic) ??
      (held.get(topic) ?? []).map(({ partition, committed, error }) => {
        if (error !== null) throw StrandlineError.fromBody({ ...error, topic, partition });
        return { partition, offset: committed?.offset ?? -1, metadata: committed?.metadata ?? null };
      }),
  }));
  return topics === undefined ? found.filter(hasCommitted) : found;
}

async function deviceOffsets(
  ports: AdminPorts,
  { groupId, topics }: FetchOffsets,
  wait: Wait,
): Promise<GroupOffsets[]> {
  const names = topics ?? (await listTopics(ports, wait));
  const found = await Promise.all(
    names.map(async (topic) => {
      const offsets = await ports.call((api) => api.groupOffsets(groupId, topic), wait).catch(noneOf);
      return {
        topic,
        partitions: offsets.map((offset, partition) => ({ partition, offset: offset ?? -1, metadata: null })),
      };
    }),
  );
  return topics === undefined ? found.filter(hasCommitted) : found;
}

function hasCommitted({ partitions }: GroupOffsets): boolean {
  return partitions.some(({ offset }) => offset >= 0);
}

/** Of a topic of the edge that this device has not heard of. */
function noneOf(error: unknown): (number | null)[] {
  if (error instanceof StrandlineError && error.code === "UNKNOWN_TOPIC_OR_PARTITION") return [];
  throw error;
}

export async function setOffsets(ports: AdminPorts, asked: GroupPositions, wait: Wait): Promise<void> {
  const { groupId, topic } = asked;
  checkGroup(groupId);
  const partitions = checkPositions(topic, asked.partitions, 0);
  if (!isAtEdge(ports, asked)) return await ports.call((api) => api.setGroupOffsets(groupId, topic, partitions), wait);
  const offsets = partitions.map(({ partition, offset }) => ({ topic, partition, offset }));
  if (offsets.length > 0) await resetAtEdge(ports, groupId, { to: { offsets } }, wait);
}

export async function resetOffsets(ports: AdminPorts, asked: OffsetsReset, wait: Wait): Promise<ResetOffset[]> {
  const { groupId, dryRun = false } = asked;
  checkGroup(groupId);
  checkWords(asked);
  checkTo(asked);
  const reset: ResetOffsets =
    asked.to === undefined
      ? { topics: [checkTopicName(asked.topic)], to: asked.earliest === true ? "earliest" : "latest", dryRun }
      : { ...(asked.topics === undefined ? {} : { topics: asked.topics }), to: asked.to, dryRun };
  reset.topics?.forEach(checkTopicName);
  if (isAtEdge(ports, asked)) return await resetAtEdge(ports, groupId, reset, wait);
  const named = namedBy(reset);
  const held = await deviceOffsets(ports, { groupId, ...named }, wait);
  if (held.length === 0 && named.topics === undefined) throw noGroupHere(groupId);
  const offsets = await planOnDevice(ports, held, reset.to, wait);
  if (!dryRun) await moveOnDevice(ports, groupId, offsets, wait);
  return done(offsets, reset);
}

/** A `dryrun` that is passed by would move the group. */
function checkWords(asked: object): void {
  const legal = ["groupId", "coordinator", "dryRun", "topic", "earliest", "topics", "to", "timeout", "signal"];
  const option = Object.keys(asked).find((word) => !legal.includes(word));
  if (option === undefined) return;
  throw new StrandlineError("INVALID_ARGUMENT", `resetOffsets knows no ${JSON.stringify(option)}`, { option });
}

/** The edge checks what else there is of it. */
function checkTo({ to, topic }: { readonly to?: unknown; readonly topic?: unknown }): void {
  if (to === undefined ? topic !== undefined : to === "earliest" || to === "latest") return;
  if (typeof to === "object" && to !== null && "timestamp" in to) return checkTime(to.timestamp);
  if (typeof to === "object" && to !== null && ["shift", "offsets"].some((word) => word in to)) return;
  const legal = "'earliest', 'latest', { shift }, { timestamp } or { offsets }; or `topic` with `earliest`";
  throw new StrandlineError("INVALID_ARGUMENT", `to ${JSON.stringify(to)}: ${legal}`, { to: String(to) });
}

function namedBy({ topics, to }: ResetOffsets): Pick<FetchOffsets, "topics"> {
  if (typeof to === "object" && "offsets" in to)
    return { topics: [...new Set(to.offsets.map(({ topic }) => checkTopicName(topic)))] };
  return topics === undefined ? {} : { topics };
}

async function resetAtEdge(ports: AdminPorts, groupId: string, body: ResetOffsets, wait: Wait): Promise<ResetOffset[]> {
  const path = groupPath(groupId, "/offsets/reset");
  const { offsets } = await ports.edge<EdgeReset>({ method: "POST", path, body }, wait);
  return done(offsets, body);
}

/** A dry run tells of what would be refused; else whoever does not look at the answer would take it for done. */
function done(offsets: readonly ResetOffset[], { dryRun }: ResetOffsets): ResetOffset[] {
  const refused = dryRun === true ? undefined : offsets.find(({ error }) => error !== null);
  if (refused === undefined) return [...offsets];
  const { topic, partition, error } = refused;
  const told = StrandlineError.fromBody({ ...error, topic, partition });
  throw Object.assign(told, { offsets }) satisfies ResetOffsetsError;
}
