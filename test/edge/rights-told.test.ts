/** What an answer tells of topics that may not be described, and how a device parts with what it may not write. */
import { describe, expect, test } from "vitest";
import { readEnvelope } from "../../shared/envelope.ts";
import type { MetadataAnswer, TopicMetadata } from "../../shared/api/metadata.ts";
import type { ProduceAnswer, ProducePartitionAnswer } from "../../shared/api/produce.ts";
import type { ReconcileAnswer } from "../../shared/api/reconcile.ts";
import type { DescribeTopicAnswer } from "../../shared/api/topics.ts";
import type { ProducerKey, TopicId } from "../../shared/brands.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { producerIdOf } from "../../shared/producer-identity.ts";
import { Device, runOf, type SealedBatch } from "./device.ts";
import { errorOf, type Place } from "./edge.ts";
import { aclOf, produceOf, RightsLab } from "./rights-lab.ts";

const NOWHERE = "11111111-2222-4333-8444-555555555555" as TopicId;

async function told(lab: RightsLab, query: string): Promise<MetadataAnswer> {
  return await (await lab.as("bob", { method: "GET", path: `/v1/metadata${query}` })).json();
}

describe("S02: what may not be described", () => {
  test("is left out of listings, and asked for by name it is refused whether or not it is there", async () => {
    const lab = new RightsLab();
    await lab.topic("orders");
    await lab.topic("bills");
    await lab.allow({ resourceName: "bills", operation: "DESCRIBE" });
    expect((await told(lab, "")).topics.map(({ name }) => name)).toEqual(["bills"]);
    const [secret, none, bills] = (await told(lab, "?topics=orders,nowhere,bills")).topics;
    expect(bills).toMatchObject({ name: "bills", error: null });
    const alike = (topic: TopicMetadata | undefined): string =>
      JSON.stringify(topic).replaceAll(topic?.name ?? "", "…");
    expect(secret?.error?.code).toBe("TOPIC_AUTHORIZATION_FAILED");
    expect(alike(secret)).toBe(alike(none));
    const answers = ["orders", "nowhere"].map(async (name) => {
      const response = await lab.as("bob", { method: "GET", path: `/v1/topics/${name}` });
      return `${response.status} ${(await response.text()).replaceAll(name, "…")}`;
    });
    expect(await answers[0]).toBe(await answers[1]);
  });

  test("is, asked for by id, as if it were not there, also where its partition is not", async () => {
    const lab = new RightsLab();
    const place = await lab.topic("orders");
    const answer = async ({ topicId, partition }: Place): Promise<string> => {
      const one = { topicId, partition, offset: 0, leaderEpoch: null, previousCrc: null, maxBytes: 1_000 };
      const json = { sessionId: null, maxWaitMs: 0, minBytes: 0, maxBytes: 1_000, partitions: [one] };
      const fetched = await lab.as("bob", { method: "POST", path: "/v1/fetch", json });
      const { head } = readEnvelope(new Uint8Array(await fetched.arrayBuffer()));
      const produced = await lab.as("bob", produceOf({ name: "", topicId, partition }, "a"));
      return `${JSON.stringify(head)} ${await produced.text()}`.replaceAll(topicId, "…");
    };
    for (const partition of [0, 7]) {
      const hidden = await answer({ ...place, partition });
      expect(hidden).toContain("UNKNOWN_TOPIC_ID");
      expect(hidden).toBe(await answer({ ...place, topicId: NOWHERE, partition }));
    }
  });

  test("a configuration is left out, but for what a device cannot do without", async () => {
    const lab = new RightsLab();
    await lab.topic("orders", { "retention.ms": "5000", "message.timestamp.type": "LogAppendTime" });
    await lab.allow({ operation: "DESCRIBE" });
    const describing = { method: "GET", path: "/v1/topics/orders" };
    const bare: DescribeTopicAnswer = await (await lab.as("bob", describing)).json();
    expect(bare).toMatchObject({ config: { "message.timestamp.type": "LogAppendTime" }, defaults: {} });
    expect(Object.keys(bare.config)).toHaveLength(1);
    expect((await told(lab, "")).topics[0]?.config).toEqual(bare.config);
    await lab.allow({ operation: "DESCRIBE_CONFIGS" });
    const whole: DescribeTopicAnswer = await (await lab.as("bob", describing)).json();
    expect(whole.config).toMatchObject({ "retention.ms": "5000" });
    expect(whole.defaults).toHaveProperty("max.message.bytes");
  });
});

describe("S02: a topic that makes itself", () => {
  test("needs CREATE, of it or of the cluster; one that is there needs none", async () => {
    const lab = new RightsLab();
    await lab.topic("orders");
    await lab.allow({ resourceName: "*", operation: "WRITE" }, { resourceName: "new-a", operation: "CREATE" });
    const asked = await told(lab, "?topics=orders,new-a,new-b&create=true");
    expect(asked.topics.map(({ name, error }) => [name, error?.code ?? null])).toEqual([
      ["orders", null],
      ["new-a", null],
      ["new-b", "TOPIC_AUTHORIZATION_FAILED"],
    ]);
    // Without being asked to make it nothing is refused: it is not there.
    expect((await told(lab, "?topics=new-b")).topics[0]?.error?.code).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    await lab.allow({ resourceType: "CLUSTER", resourceName: "kafka-cluster", operation: "CREATE" });
    expect((await told(lab, "?topics=new-b&create=true")).topics[0]?.error).toBeNull();
  });

  test("is not made by whoever may make it and not know of it", async () => {
    const lab = new RightsLab();
    await lab.allow({ resourceName: "new", operation: "CREATE" });
    expect((await told(lab, "?topics=new&create=true")).topics[0]?.error?.code).toBe("TOPIC_AUTHORIZATION_FAILED");
    expect(await lab.asAdmin({ method: "GET", path: "/v1/topics" })).toEqual({ topics: [] });
  });
});

/** Bob's device, which speaks with his token. */
class BobsDevice {
  readonly lab: RightsLab;
  readonly device: Device;

  private constructor(lab: RightsLab, device: Device) {
    this.lab = lab;
    this.device = device;
  }

  static async of(lab: RightsLab, place: Place): Promise<BobsDevice> {
    const producerKey = "5".repeat(32) as ProducerKey;
    const id = await producerIdOf({ namespace: lab.namespace, principal: "bob", producerKey });
    return new BobsDevice(lab, new Device(place, producerKey, id));
  }

  async send(batch: SealedBatch): Promise<ProducePartitionAnswer> {
    const { topicId, partition } = this.device.place;
    const run = runOf([batch]);
    const head = { topicId, partition, leaderEpoch: null, producerKey: this.device.key, chain: batch.chainBefore };
    const body = writeEnvelope({ partitions: [{ ...head, bytes: run.length }] }, [run]);
    const response = await this.lab.as("bob", { method: "POST", path: "/v1/produce", body });
    const { partitions }: ProduceAnswer = await response.json();
    const [only] = partitions;
    if (only === undefined) throw new Error("no answer");
    return only;
  }

  async giveUp({ sequence, count, crc }: SealedBatch): Promise<Response> {
    const { topicId, name, partition } = this.device.place;
    const json = { topicId, producerKey: this.device.key, from: sequence, batches: [{ count, crc }], giveUp: true };
    return await this.lab.as("bob", {
      method: "POST",
      path: `/v1/topics/${name}/partitions/${partition}/reconcile`,
      json,
    });
  }
}

describe("R28: a device that may no longer write", () => {
  test("gives up what is refused while it may know of the topic, and no copy of it lands when it may again", async () => {
    const lab = new RightsLab();
    const place = await lab.topic("orders");
    const bob = await BobsDevice.of(lab, place);
    await lab.allow({ operation: "WRITE" });
    const first = bob.device.batch("held");
    expect((await bob.send(first)).error).toBeNull();
    await lab.asAdmin({ method: "DELETE", path: "/v1/acls?operation=WRITE" });
    await lab.allow({ operation: "DESCRIBE" });
    const refused = bob.device.batch("refused");
    const answer = await bob.send(refused);
    expect(answer.error).toMatchObject({ code: "TOPIC_AUTHORIZATION_FAILED", retriable: false });
    // The proof of what is held, without which no device acts on a refusal.
    expect(answer).toMatchObject({ nextSequence: 1, chain: refused.chainBefore, baseOffset: null });
    expect(answer.leaderEpoch).not.toBeNull();
    const verdict: ReconcileAnswer = await (await bob.giveUp(refused)).json();
    expect(verdict).toMatchObject({ nextSequence: 2, batches: [{ verdict: "void" }] });
    await lab.allow({ operation: "WRITE" });
    expect((await bob.send(refused)).error?.code).toBe("SEQUENCE_CONFLICT");
    const records = await lab.asAdmin<{ records: { value: string }[] }>({
      method: "GET",
      path: "/v1/topics/orders/partitions/0/records",
    });
    expect(records.records.map(({ value }) => value)).toEqual(["first", "held"]);
  });

  test("is told of no topic where it may not know of it: it keeps its records, and they land when it may write", async () => {
    const lab = new RightsLab();
    const place = await lab.topic("orders");
    const bob = await BobsDevice.of(lab, place);
    const batch = bob.device.batch("kept");
    const answer = await bob.send(batch);
    expect(answer).toMatchObject({ error: { code: "UNKNOWN_TOPIC_ID", retriable: true }, leaderEpoch: null });
    expect(await errorOf(await bob.giveUp(batch))).toMatchObject({ code: "TOPIC_AUTHORIZATION_FAILED", status: 403 });
    await lab.allow(aclOf({ operation: "WRITE" }));
    expect(await bob.send(batch)).toMatchObject({ error: null, nextSequence: 1 });
  });
});
