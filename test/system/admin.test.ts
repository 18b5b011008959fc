/** The admin of a page against a real edge: what KafkaJS's does, over HTTP, with the device told of it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundlePage } from "../harness/bundle-page.ts";
import { launchBrowser, type LaunchedBrowser } from "../harness/launch-browser.ts";
import { startStaticServer, type StaticServer } from "../harness/static-server.ts";
import { startTcpProxy, type TcpProxy } from "../harness/tcp-proxy.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";
import type {} from "./admin-page.ts";

const PAGE = `<!doctype html><title>admin</title><script type="module" src="admin-page.js"></script>`;

let dir: Awaited<ReturnType<typeof tempDir>>;
let server: StaticServer;
let broker: Workerd;
let proxy: TcpProxy;
let browser: LaunchedBrowser;
beforeAll(async () => {
  dir = await tempDir("admin");
  const files = new Map(await bundlePage({ entry: "test/system/admin-page.ts" }));
  server = await startStaticServer(files.set("index.html", PAGE));
  broker = await startBroker({ dir: `${dir.path}/broker` });
  proxy = await startTcpProxy({ upstreamPort: broker.port });
  browser = await launchBrowser({ userDataDir: `${dir.path}/profile` });
  await browser.page.goto(`${server.url}/?edge=${encodeURIComponent(proxy.url)}`);
  await browser.page.waitForFunction(() => "admin" in window);
});
afterAll(async () => {
  await browser.kill();
  await proxy.close();
  await broker.kill();
  await server.close();
  await dir.remove();
});

async function inPage<Answer>(run: () => Promise<Answer>): Promise<Answer> {
  return (await browser.page.evaluate(run)) as Answer;
}

test("topics are made, described, grown, configured and deleted at the edge", async () => {
  const made = await inPage(async () => {
    const topics = [{ topic: "orders", numPartitions: 2, configEntries: [{ name: "retention.ms", value: "60000" }] }];
    return [
      await window.admin.createTopics({ topics, validateOnly: true }),
      await window.admin.listTopics(),
      await window.admin.createTopics({ topics }),
      await window.admin.createTopics({ topics }),
      await window.admin.listTopics(),
    ];
  });
  expect(made).toEqual([true, [], true, false, ["orders"]]);

  const grown = await inPage(async () => {
    const topicPartitions = [{ topic: "orders", count: 4 }];
    const answers = [
      await window.admin.createPartitions({ topicPartitions }),
      await window.admin.createPartitions({ topicPartitions }),
      await window.refusal(window.admin.createPartitions({ topicPartitions: [{ topic: "orders", count: 1 }] })),
    ];
    const { topics } = await window.admin.fetchTopicMetadata({ topics: ["orders"] });
    return [...answers, topics.map(({ name, topicId, partitions }) => [name, typeof topicId, partitions.length])];
  });
  expect(grown).toEqual([true, false, "INVALID_PARTITIONS", [["orders", "string", 4]]]);

  const configured = await inPage(async () => {
    const configEntries = [{ name: "retention.ms", value: "120000" }];
    await window.admin.alterConfigs({ resources: [{ type: 2, name: "orders", configEntries }] });
    const configNames = ["retention.ms", "cleanup.policy"];
    const described = await window.admin.describeConfigs({ resources: [{ type: 2, name: "orders", configNames }] });
    const wrong = { type: 2 as const, name: "orders", configEntries: [{ name: "no.such", value: "1" }] };
    return [described, await window.refusal(window.admin.alterConfigs({ resources: [wrong] }))] as const;
  });
  expect(configured[0].resources[0]?.configEntries.toSorted((a, b) => (a.configName < b.configName ? -1 : 1))).toEqual([
    expect.objectContaining({ configName: "cleanup.policy", configValue: "delete", isDefault: true, configSource: 5 }),
    expect.objectContaining({ configName: "retention.ms", configValue: "120000", isDefault: false, configSource: 1 }),
  ]);
  expect(configured[1]).toBe("INVALID_CONFIG");

  const gone = await inPage(async () => {
    await window.admin.deleteTopics({ topics: ["orders"] });
    return [
      await window.admin.listTopics(),
      await window.refusal(window.admin.fetchTopicMetadata({ topics: ["orders"] })),
      await window.refusal(window.admin.deleteTopics({ topics: ["orders"] })),
    ];
  });
  expect(gone).toEqual([[], "UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_OR_PARTITION"]);
});

test("offsets of partitions, by time too, records deleted, and a device group moved to where they begin", async () => {
  const told = await inPage(async () => {
    const { admin, strandline } = window;
    await admin.createTopics({ topics: [{ topic: "times", numPartitions: 2 }] });
    const messages = [10, 20, 30].map((timestamp) => ({ value: "x", partition: 1, timestamp }));
    await strandline.producer().send({ topic: "times", messages, acks: -1 });
    const offsets = await admin.fetchTopicOffsets("times");
    const at = await admin.fetchTopicOffsetsByTimestamp("times", 11);
    await admin.deleteTopicRecords({ topic: "times", partitions: [{ partition: 1, offset: 2 }] });
    const after = await admin.fetchTopicOffsets("times");
    await admin.resetOffsets({ groupId: "g", topic: "times", earliest: true });
    const group = await admin.fetchOffsets({ groupId: "g" });
    const beyond = admin.deleteTopicRecords({ topic: "times", partitions: [{ partition: 1, offset: 9 }] });
    return { offsets, at, after, group, beyond: await window.refusal(beyond) };
  });
  const empty = { partition: 0, offset: 0, low: 0, high: 0 };
  expect(told).toEqual({
    offsets: [empty, { partition: 1, offset: 3, low: 0, high: 3 }],
    at: [
      { partition: 0, offset: 0 },
      { partition: 1, offset: 1 },
    ],
    after: [empty, { partition: 1, offset: 3, low: 2, high: 3 }],
    group: [
      {
        topic: "times",
        partitions: [
          { partition: 0, offset: 0, metadata: null },
          { partition: 1, offset: 2, metadata: null },
        ],
      },
    ],
    beyond: "OFFSET_OUT_OF_RANGE",
  });
});

test("ACLs are added, told by resource and deleted by what a filter means", async () => {
  const told = await inPage(async () => {
    const { admin } = window;
    const acl = {
      resourceType: "TOPIC",
      resourceName: "times",
      resourcePatternType: "LITERAL",
      principal: "User:ann",
      host: "*",
      permissionType: "ALLOW",
    } as const;
    const created = await admin.createAcls({
      acl: [
        { ...acl, operation: "READ" },
        { ...acl, operation: "WRITE" },
      ],
    });
    const described = await admin.describeAcls({ resourceType: "TOPIC", principal: "User:ann" });
    const deleted = await admin.deleteAcls({ filters: [{ principal: "User:ann", operation: "READ" }] });
    const left = await admin.describeAcls({ resourceType: "ANY" });
    const elsewhere = admin.createAcls({ acl: [{ ...acl, host: "10.0.0.1", operation: "READ" }] });
    return { created, described, deleted, left, elsewhere: await window.refusal(elsewhere) };
  });
  const resource = { resourceType: "TOPIC", resourceName: "times", resourcePatternType: "LITERAL" };
  const by = (operation: string) => ({ principal: "User:ann", host: "*", operation, permissionType: "ALLOW" });
  expect(told.created).toBe(true);
  expect(told.described.resources).toEqual([{ ...resource, acls: expect.arrayContaining([by("READ"), by("WRITE")]) }]);
  expect(told.deleted.filterResponses).toEqual([{ errorCode: 0, matchingAcls: [{ ...resource, ...by("READ") }] }]);
  expect(told.left.resources).toEqual([{ ...resource, acls: [by("WRITE")] }]);
  expect(told.elsewhere).toBe("UNSUPPORTED_OPERATION");
});

test("the cluster is the edge; offline the device tells what it knows, and what needs the edge says that it is out of reach", async () => {
  const { port } = new URL(proxy.url);
  expect(await inPage(async () => await window.admin.describeCluster())).toEqual({
    brokers: [{ nodeId: 0, host: new URL(proxy.url).hostname, port: Number(port) }],
    controller: 0,
    clusterId: "default",
  });
  proxy.cut();
  const offline = await inPage(async () => {
    await window.strandline.producer().send({ topic: "new-here", messages: [{ value: "x" }] });
    return [await window.admin.listTopics(), await window.refusal(window.admin.describeCluster())];
  });
  expect(offline).toEqual([expect.arrayContaining(["new-here", "times"]), "NETWORK_EXCEPTION"]);
  proxy.restore();
});
