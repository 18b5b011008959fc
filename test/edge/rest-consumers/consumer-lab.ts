/** Consumers of the REST proxy as its clients drive them, and the objects behind them. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import type { FetchedRecord } from "../../../edge/kafka-rest/fetched.ts";
import type { RestError } from "../../../edge/kafka-rest/rest-error.ts";
import { consumerName } from "../../../edge/rest-consumer/consumer-calls.ts";
import type { RestConsumerObject } from "../../../edge/worker.ts";
import { call, type CallOptions } from "../edge.ts";
import { newGroup } from "../groups/group-lab.ts";

export const V2 = "application/vnd.kafka.v2+json";
export const JSON_V2 = "application/vnd.kafka.json.v2+json";
export const BINARY_V2 = "application/vnd.kafka.binary.v2+json";

export interface RestClientOptions {
  readonly group?: string;
  readonly config?: object;
  /** Takes the object out of memory before each call. */
  readonly evicts?: boolean;
}

/** Does with each call what a client of the original does; paths below the `base_uri` that it was told. */
export class RestClient {
  readonly group: string;
  readonly instance: string;
  readonly path: string;
  readonly #evicts: boolean;

  private constructor(group: string, { instance_id: instance, base_uri: uri }: Created, evicts: boolean) {
    this.group = group;
    this.instance = instance;
    this.path = new URL(uri).pathname;
    this.#evicts = evicts;
  }

  static async create({
    group = newGroup(),
    config = {},
    evicts = false,
  }: RestClientOptions = {}): Promise<RestClient> {
    const json = { format: "json", "auto.offset.reset": "earliest", ...config };
    const response = await post(`/kafka-rest/consumers/${encodeURIComponent(group)}`, json);
    expect(response.status).toBe(200);
    return new RestClient(group, await response.json(), evicts);
  }

  async ask(path: string, init: CallOptions = {}): Promise<Response> {
    if (this.#evicts) await evictConsumer(this);
    return await call(this.path + path, init);
  }

  async post(path: string, json?: unknown): Promise<Response> {
    if (this.#evicts) await evictConsumer(this);
    return await post(this.path + path, json);
  }

  async subscribe(...topics: readonly string[]): Promise<void> {
    expect((await this.post("/subscription", { topics })).status).toBe(204);
  }

  async assign(topic: string, ...partitions: readonly number[]): Promise<void> {
    const json = { partitions: partitions.map((partition) => ({ topic, partition })) };
    expect((await this.post("/assignments", json)).status).toBe(204);
  }

  async poll(query = "timeout=0"): Promise<FetchedRecord[]> {
    const response = await this.ask(`/records?${query}`);
    if (response.status !== 200) throw new Error(await response.text());
    return await response.json();
  }

  /** Values; polls until there are so many. */
  async values(count: number, query = "timeout=1000"): Promise<unknown[]> {
    const found: unknown[] = [];
    while (found.length < count) found.push(...(await this.poll(query)).map(({ value }) => value));
    return found;
  }

  /** `topic:partition`. */
  async partitions(): Promise<string[]> {
    const { partitions }: { partitions: { topic: string; partition: number }[] } = await (
      await this.ask("/assignments")
    ).json();
    return partitions.map(({ topic, partition }) => `${topic}:${partition}`).toSorted();
  }

  async committed(): Promise<unknown[]> {
    const response = await this.ask("/offsets");
    expect(response.status).toBe(200);
    return ((await response.json()) as { offsets: unknown[] }).offsets;
  }

  async delete(): Promise<void> {
    expect((await this.ask("", { method: "DELETE" })).status).toBe(204);
  }
}

interface Created {
  readonly instance_id: string;
  readonly base_uri: string;
}

/** No body: none is sent. */
export async function post(path: string, json?: unknown, type = V2): Promise<Response> {
  const headers = { "content-type": type };
  if (json === undefined) return await call(path, { method: "POST" });
  return await call(path, { method: "POST", headers, body: typeof json === "string" ? json : JSON.stringify(json) });
}

export async function restErrorOf(response: Response): Promise<RestError & { readonly status: number }> {
  expect(response.headers.get("content-type")).toBe(V2);
  const body: RestError = await response.json();
  return { ...body, status: response.status };
}

/** Each to its partition. */
export async function produce(topic: string, partition: number, ...values: readonly unknown[]): Promise<void> {
  const json = { records: values.map((value) => ({ value })) };
  const response = await post(`/kafka-rest/topics/${topic}/partitions/${partition}`, json, JSON_V2);
  expect(response.status).toBe(200);
}

type Named = Pick<RestClient, "group" | "instance"> & { readonly namespace?: string };

export function consumerObject({
  namespace = "default",
  group,
  instance,
}: Named): DurableObjectStub<RestConsumerObject> {
  const name = consumerName({ namespace, groupId: group, instanceId: instance });
  return env.REST_CONSUMER.get(env.REST_CONSUMER.idFromName(name));
}

export async function evictConsumer(named: Named): Promise<void> {
  await runInDurableObject(consumerObject(named), () => undefined);
  await evictDurableObject(consumerObject(named));
}

/** As if so much time had passed since it was asked for anything. */
export async function idleFor(named: Named, ms: number): Promise<void> {
  await runInDurableObject(consumerObject(named), (_, { storage }) => {
    storage.sql.exec("UPDATE consumer SET seen_ms = seen_ms - ?", ms);
  });
  await evictConsumer(named);
}

export async function runConsumerAlarm(named: Named): Promise<boolean> {
  return await runDurableObjectAlarm(consumerObject(named));
}

/** Tables that hold anything. */
export async function tablesOf(named: Named): Promise<number> {
  return await runInDurableObject(
    consumerObject(named),
    (_, { storage }) => storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'consumer'").toArray().length,
  );
}
