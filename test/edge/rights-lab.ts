/** A namespace with one topic, its admin and bob, and what is there of it to be left as it is. */
import { expect } from "vitest";
import type { Acl } from "../../shared/api/acls.ts";
import type { TopicMetadata } from "../../shared/api/metadata.ts";
import type { ProduceAnswer } from "../../shared/api/produce.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { bearer, lockedEdge, tokenOf, type Ask } from "./credentials.ts";
import { plainBatch } from "./device.ts";
import type { Place } from "./edge.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly json?: unknown;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}

let namespaces = 0;

export class RightsLab {
  readonly namespace: string;
  readonly #ask: Ask = lockedEdge();

  constructor() {
    namespaces += 1;
    this.namespace = `rights-${namespaces}`;
  }

  /** `scope`: what the token grants by itself. */
  async as(sub: string, { method, path, json, body, headers }: Asked, scope = ""): Promise<Response> {
    const token = await tokenOf({ claims: { sub, namespace: this.namespace, scope } });
    const sent = json === undefined ? body : JSON.stringify(json);
    return await this.#ask(path, {
      method,
      headers: { ...(json === undefined ? {} : { "content-type": "application/json" }), ...headers, ...bearer(token) },
      ...(sent === undefined ? {} : { body: sent }),
    });
  }

  async asAdmin<Answer>(asked: Asked): Promise<Answer> {
    const response = await this.as("root", asked, "admin");
    if (!response.ok) throw new Error(`${asked.method} ${asked.path}: ${await response.text()}`);
    return await response.json();
  }

  async topic(name: string, config: Readonly<Record<string, string>> = {}): Promise<Place> {
    const json = { name, partitionCount: 1, config };
    const made = await this.asAdmin<TopicMetadata>({ method: "POST", path: "/v1/topics", json });
    if (made.topicId === null) throw new Error(`no topic ${name}`);
    const place = { name, topicId: made.topicId, partition: 0 };
    const produced = await this.asAdmin<ProduceAnswer>(produceOf(place, "first"));
    expect(produced.partitions[0]?.error).toBeNull();
    return place;
  }

  async allow(...acls: readonly Partial<Acl>[]): Promise<void> {
    await this.asAdmin({ method: "POST", path: "/v1/acls", json: { acls: acls.map((one) => aclOf(one)) } });
  }

  /** Everything that a call could have changed. */
  async world(place: Place): Promise<unknown> {
    const partition = `/v1/topics/${place.name}/partitions/${place.partition}`;
    return await Promise.all(
      [
        "/v1/topics",
        `/v1/topics/${place.name}`,
        `${partition}/records`,
        `${partition}/offsets?at=earliest`,
        "/v1/acls",
        "/v1/quotas",
        "/v1/ingest-keys",
        "/v1/groups",
      ].map(async (path) => await this.asAdmin<unknown>({ method: "GET", path })),
    );
  }
}

/** Bob may read orders, unless told otherwise. */
export function aclOf(stated: Partial<Acl>): Acl {
  return {
    ...{ resourceType: "TOPIC", resourceName: "orders", patternType: "LITERAL" },
    ...{ principal: "User:bob", operation: "READ", permissionType: "ALLOW" },
    ...stated,
  };
}

export function produceOf({ topicId, partition }: Place, value: string): Asked {
  const batch = plainBatch([value]);
  const head = { topicId, partition, leaderEpoch: null, producerKey: null, chain: 0, bytes: batch.length };
  return { method: "POST", path: "/v1/produce", body: writeEnvelope({ partitions: [head] }, [batch]) };
}
