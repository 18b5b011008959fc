/** The edge under test: its real Worker and Durable Objects, by address. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import type { PartitionObject } from "../../edge/worker.ts";
import { checkAnswer } from "./answer-check.ts";
import { partitionName } from "../../edge/partition/partition-name.ts";
import type { RecordJson, RecordsAnswer } from "../../shared/api/records.ts";
import type { TopicMetadata } from "../../shared/api/metadata.ts";
import type { TopicId } from "../../shared/brands.ts";
import type { ErrorBody } from "../../shared/strandline-error.ts";

/** A partition of a topic; what a test writes to and reads from. */
export interface Place {
  readonly name: string;
  readonly topicId: TopicId;
  readonly partition: number;
}

export interface CallOptions extends RequestInit {
  /** Sent as the body of a POST. */
  readonly json?: unknown;
}

/** A body makes it a POST. What is answered is held against what `/openapi.json` says of it. */
export async function call(path: string, { json, ...init }: CallOptions = {}): Promise<Response> {
  const body = json === undefined ? init.body : JSON.stringify(json);
  const method = init.method ?? (body === undefined ? "GET" : "POST");
  const response = await exports.default.fetch(`http://localhost${path}`, {
    ...init,
    method,
    ...(body === undefined ? {} : { body }),
  });
  await checkAnswer({ method, path }, response);
  return response;
}

export async function errorOf(response: Response): Promise<ErrorBody & { readonly status: number }> {
  const { error }: { error: ErrorBody } = await response.json();
  return { ...error, status: response.status };
}

let topics = 0;

/** Partition 0 of a topic of its own. */
export async function newPlace(config: Readonly<Record<string, string>> = {}, partitionCount = 1): Promise<Place> {
  topics += 1;
  const response = await call("/v1/topics", { json: { name: `topic-${topics}`, partitionCount, config } });
  const { name, topicId }: TopicMetadata = await response.json();
  if (topicId === null) throw new Error(`no topic ${name}`);
  return { name, topicId, partition: 0 };
}

export function stubOf({ topicId, partition }: Place): DurableObjectStub<PartitionObject> {
  return env.PARTITION.get(env.PARTITION.idFromName(partitionName({ namespace: "default", topicId, partition })));
}

/** Takes the partition's object out of memory, in the way Cloudflare does; one that is not there is woken first. */
export async function evict(place: Place): Promise<void> {
  const stub = stubOf(place);
  await runInDurableObject(stub, () => undefined);
  await evictDurableObject(stub);
}

/** Every record that a reader from the start gets, page by page. */
export async function recordsOf({ name, partition }: Place, maxBytes = 1_000_000): Promise<RecordJson[]> {
  const found: RecordJson[] = [];
  for (let offset: number | "earliest" = "earliest"; ;) {
    const response = await call(
      `/v1/topics/${name}/partitions/${partition}/records?offset=${offset}&maxBytes=${maxBytes}`,
    );
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    const answer: RecordsAnswer = await response.json();
    found.push(...answer.records);
    offset = answer.nextOffset;
    if (answer.records.length === 0) return found;
  }
}

/** The same as values in the order of their offsets, which are 0, 1, 2 … or it throws. */
export async function valuesOf(place: Place): Promise<(string | null | undefined)[]> {
  const records = await recordsOf(place);
  for (const [index, { offset }] of records.entries())
    if (offset !== index) throw new Error(`offset ${offset} at ${index}`);
  return records.map((record) => record.value);
}
