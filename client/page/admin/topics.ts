/** Topics: of the edge where there is one, else of the device. */
import type { TopicMetadata } from "../../../shared/api/metadata.ts";
import type { GrowTopicAnswer } from "../../../shared/api/topics.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { checkTopicName } from "../../../shared/topic-name.ts";
import type { TopicDescription, TopicPartitionCount, TopicSpec } from "./admin.ts";
import { outOfReach, topicPath, type AdminPorts, type Wait } from "./ports.ts";

const GROWTH_ASK_MS = 100;

/** Whether any was made, or would be. */
export async function createTopics(
  ports: AdminPorts,
  topics: readonly TopicSpec[],
  { validateOnly = false, ...wait }: Wait & { readonly validateOnly?: boolean },
): Promise<boolean> {
  for (const { topic, numPartitions } of topics) checkSpec(checkTopicName(topic), numPartitions);
  if (validateOnly) {
    const known = new Set(await listTopics(ports, wait));
    return topics.some(({ topic }) => !known.has(topic));
  }
  const made = await Promise.all(topics.map((spec) => create(ports, spec, wait)));
  return made.includes(true);
}

function checkSpec(topic: string, count: number | undefined): void {
  // KafkaJS: -1 is the broker's default.
  if (count === undefined || count === -1) return;
  if (Number.isInteger(count) && count >= 1 && count <= LIMITS.partitionsPerTopicMax) return;
  throw new StrandlineError("INVALID_PARTITIONS", `${count} for ${topic}: 1 to ${LIMITS.partitionsPerTopicMax}`, {
    topic,
    partitionCount: Number(count),
  });
}

async function create(ports: AdminPorts, spec: TopicSpec, wait: Wait): Promise<boolean> {
  const { topic, numPartitions = -1, configEntries = [] } = spec;
  const config = Object.fromEntries(configEntries.map(({ name, value }) => [name, value]));
  try {
    await ports.call((api) => api.createTopic(topic, numPartitions === -1 ? null : numPartitions, config), wait);
    ports.topicChanged(topic);
    return true;
  } catch (error) {
    if (error instanceof StrandlineError && error.code === "TOPIC_ALREADY_EXISTS") return false;
    throw error;
  }
}

export async function deleteTopics(ports: AdminPorts, topics: readonly string[], wait: Wait): Promise<void> {
  topics.forEach(checkTopicName);
  await Promise.all(
    topics.map(async (topic) => {
      if (await isLocal(ports, topic, wait)) await ports.call((api) => api.deleteLocalTopic(topic), wait);
      else await ports.edge({ method: "DELETE", path: topicPath(topic) }, wait);
      ports.topicChanged(topic);
    }),
  );
}

/** Without an edge every topic is the device's own; with one, those that it was asked to keep to itself. */
export async function isLocal(ports: AdminPorts, topic: string, wait: Wait): Promise<boolean> {
  if (ports.url === null) return true;
  const topics = await ports.call((api) => api.deviceTopics(), wait);
  return topics.some(({ name, local }) => local && name === topic);
}

/** Whether any has more than before, or would have. */
export async function createPartitions(
  ports: AdminPorts,
  wanted: readonly TopicPartitionCount[],
  { validateOnly = false, ...wait }: Wait & { readonly validateOnly?: boolean },
): Promise<boolean> {
  const before = await describeTopics(
    ports,
    wanted.map(({ topic }) => checkTopicName(topic)),
    wait,
  );
  const grown = wanted.map(({ topic, count }, index) => {
    const present = before[index]?.partitions.length ?? 0;
    if (!Number.isInteger(count) || count < present || count > LIMITS.partitionsPerTopicMax)
      throw new StrandlineError("INVALID_PARTITIONS", `${count} for ${topic}, which has ${present} and keeps them`, {
        topic,
        partitionCount: String(count),
      });
    return count > present;
  });
  if (!validateOnly) await Promise.all(wanted.map((each) => grow(ports, each, wait)));
  return grown.includes(true);
}

/** The edge writes a growth down and carries it out by itself; a repeat tells how far it has come. */
async function grow(ports: AdminPorts, { topic, count }: TopicPartitionCount, wait: Wait): Promise<void> {
  if (await isLocal(ports, topic, wait)) return await ports.call((api) => api.growLocalTopic(topic, count), wait);
  const { clock } = ports;
  const until = clock.now() + (wait.timeout ?? 30_000);
  for (;;) {
    const asked = { method: "POST", path: `${topicPath(topic)}/partitions`, body: { partitionCount: count } } as const;
    const { partitionCount } = await ports.edge<GrowTopicAnswer>(asked, wait);
    if (partitionCount >= count) break;
    if (clock.now() >= until)
      throw new StrandlineError("REQUEST_TIMED_OUT", `${topic} grows on to ${count}`, { topic, partitionCount });
    await clock.sleep(GROWTH_ASK_MS, wait.signal);
  }
  // The device learns of them with that.
  await ports.call((api) => api.partitionCount(topic, { refresh: true }), wait);
}

/** Those of the edge, and those of the device that the edge has not heard of; all that is known offline. */
export async function listTopics(ports: AdminPorts, wait: Wait): Promise<string[]> {
  return [...new Set((await topicsOf(ports, null, wait)).map(({ name }) => name))].toSorted();
}

export async function describeTopics(
  ports: AdminPorts,
  names: readonly string[] | null,
  wait: Wait,
): Promise<TopicDescription[]> {
  names?.forEach(checkTopicName);
  const found = await topicsOf(ports, names, wait);
  return (names ?? found.map(({ name }) => name)).map((name) =>
    describe(found.find((one) => one.name === name) ?? name),
  );
}

async function topicsOf(ports: AdminPorts, names: readonly string[] | null, wait: Wait): Promise<TopicMetadata[]> {
  const known = await ports.call((api) => api.deviceTopics(), wait);
  if (ports.url === null || names?.length === 0) return known;
  const path = names === null ? "/v1/topics" : `/v1/metadata?topics=${names.map(encodeURIComponent).join(",")}`;
  try {
    const { topics } = await ports.edge<{ topics: TopicMetadata[] }>({ method: "GET", path }, wait);
    // What is the device's own, and what was made offline and the edge has not heard of.
    const held = new Set(topics.flatMap(({ error, name }) => (error === null ? [name] : [])));
    const here = known.filter(({ local, topicId, name }) => local || (topicId === null && !held.has(name)));
    return [...here, ...topics];
  } catch (error) {
    if (outOfReach(error)) return known;
    throw error;
  }
}

function describe(topic: TopicMetadata | string): TopicDescription {
  if (typeof topic === "string") throw new StrandlineError("UNKNOWN_TOPIC_OR_PARTITION", topic, { topic });
  const { name, error, topicId, partitionCount, config } = topic;
  if (error !== null) throw StrandlineError.fromBody(error);
  const partitions = Array.from({ length: partitionCount }, (_, partitionId) => ({
    partitionId,
    partitionErrorCode: 0 as const,
    leader: 0,
    replicas: [0],
    isr: [0],
  }));
  return { name, topicId, partitions, config };
}
