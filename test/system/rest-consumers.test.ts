/** A consumer of the REST proxy over real connections, as clients of the original speak: one asks with a GET that has a body. */
import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

let dir: Awaited<ReturnType<typeof tempDir>>;
let broker: Workerd;

beforeAll(async () => {
  dir = await tempDir("rest-consumers");
  broker = await startBroker({ dir: dir.path });
});
afterAll(async () => {
  await broker.kill();
  await dir.remove();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function ask(method: string, address: string, json?: unknown): Promise<Answer> {
  const body = json === undefined ? "" : JSON.stringify(json);
  const headers = { "content-type": "application/vnd.kafka.v2+json", "content-length": Buffer.byteLength(body) };
  return await new Promise((resolve, reject) => {
    const asked = request(address, { method, headers: json === undefined ? {} : headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, body: text === "" ? null : JSON.parse(text) }),
      );
      response.on("error", reject);
    });
    asked.on("error", reject).end(body);
  });
}

test("a consumer reads, commits, and is told the offsets of the partitions that a GET names in its body", async () => {
  const face = `${broker.url}/kafka-rest`;
  expect((await ask("POST", `${broker.url}/v1/topics`, { name: "orders", partitionCount: 3 })).status).toBe(201);
  const records = [0, 1, 2].map((partition) => ({ partition, value: "YQ==" }));
  expect((await ask("POST", `${face}/topics/orders`, { records })).status).toBe(200);
  const made = await ask("POST", `${face}/consumers/shop`, { name: "till", "auto.offset.reset": "earliest" });
  const uri = `${face}/consumers/shop/instances/till`;
  expect(made).toEqual({ status: 200, body: { instance_id: "till", base_uri: uri } });
  expect((await ask("POST", `${uri}/subscription`, { topics: ["orders"] })).status).toBe(204);
  const told: unknown[] = [];
  while (told.length < 3) told.push(...((await ask("GET", `${uri}/records?timeout=3000`)).body as unknown[]));
  expect(await ask("POST", `${uri}/offsets`)).toEqual({ status: 200, body: [] });
  const partitions = [{ topic: "orders", partition: 1 }];
  expect(await ask("GET", `${uri}/offsets`, { partitions })).toEqual({
    status: 200,
    body: { offsets: [{ topic: "orders", partition: 1, offset: 1, metadata: "" }] },
  });
  expect((await ask("GET", `${uri}/offsets`, { partitions: [{ topic: "orders", partition: 9 }] })).body).toMatchObject({
    error_code: 40402,
  });
  expect((await ask("DELETE", uri)).status).toBe(204);
  expect((await ask("GET", `${uri}/records`)).body).toMatchObject({ error_code: 40403 });
});
