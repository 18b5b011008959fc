/** The face of Kafka's REST proxies, v2: what their clients send, and what they are answered. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { createApp, ROUTES } from "../../edge/app.ts";
import type { ProduceV2Answer } from "../../edge/kafka-rest/produce-v2.ts";
import type { RestError } from "../../edge/kafka-rest/rest-error.ts";
import { LIMITS } from "../../shared/limits.ts";
import { call, newPlace, recordsOf, valuesOf, type Place } from "./edge.ts";

const JSON_V2 = "application/vnd.kafka.json.v2+json";
const BINARY_V2 = "application/vnd.kafka.binary.v2+json";

async function produce(path: string, body: unknown, type = JSON_V2): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return await call(`/kafka-rest${path}`, { method: "POST", body: text, headers: { "content-type": type } });
}

async function offsetsOf(response: Response): Promise<ProduceV2Answer["offsets"]> {
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/vnd.kafka.v2+json");
  return ((await response.json()) as ProduceV2Answer).offsets;
}

async function restErrorOf(response: Response): Promise<RestError & { readonly status: number }> {
  expect(response.headers.get("content-type")).toBe("application/vnd.kafka.v2+json");
  const body: RestError = await response.json();
  expect(Object.keys(body).toSorted()).toEqual(["error_code", "message"]);
  return { ...body, status: response.status };
}

const topicPath = ({ name }: Place): string => `/topics/${name}`;

describe("metadata", () => {
  test("names of topics, a topic, its partitions, one of them, and its offsets", async () => {
    const place = await newPlace({ "retention.ms": "1000" }, 2);
    const get = async (path: string): Promise<unknown> => {
      const response = await call(`/kafka-rest${path}`, { headers: { accept: "application/vnd.kafka.v2+json, */*" } });
      expect(response.headers.get("content-type")).toBe("application/vnd.kafka.v2+json");
      return await response.json();
    };
    const partition = { leader: 0, replicas: [{ broker: 0, leader: true, in_sync: true }] };
    const partitions = [
      { partition: 0, ...partition },
      { partition: 1, ...partition },
    ];
    expect(await get("/topics")).toContain(place.name);
    expect(await get(topicPath(place))).toEqual({
      name: place.name,
      configs: expect.objectContaining({ "retention.ms": "1000", "cleanup.policy": "delete" }),
      partitions,
    });
    expect(await get(`${topicPath(place)}/partitions`)).toEqual(partitions);
    expect(await get(`${topicPath(place)}/partitions/1`)).toEqual(partitions[1]);
    await produce(`${topicPath(place)}/partitions/1`, { records: [{ value: 1 }, { value: 2 }] });
    expect(await get(`${topicPath(place)}/partitions/1/offsets`)).toEqual({ beginning_offset: 0, end_offset: 2 });
  });
});

describe("produce", () => {
  test("JSON: keys and values of any kind, compactly", async () => {
    const place = await newPlace();
    const values = [{ item: "tea", n: [1, 2] }, "text", 7, true, null, []];
    const records = values.map((value) => ({ key: { id: 1 }, value }));
    const offsets = await offsetsOf(await produce(topicPath(place), JSON.stringify({ records }, null, 2)));
    expect(offsets).toEqual(values.map((_, offset) => ({ partition: 0, offset, error_code: null, error: null })));
    expect(await valuesOf(place)).toEqual(values.map((value) => (value === null ? null : JSON.stringify(value))));
    expect((await recordsOf(place))[0]?.key).toBe('{"id":1}');
  });

  test("binary: keys and values as Base64", async () => {
    const place = await newPlace();
    await offsetsOf(await produce(topicPath(place), { records: [{ key: "a2V5", value: "/w==" }] }, BINARY_V2));
    expect(await recordsOf(place)).toMatchObject([{ key: "key", valueBase64: "/w==" }]);
  });

  test("headers, timestamps and partitions as Strimzi's bridge has them", async () => {
    const place = await newPlace({}, 3);
    const headers = [
      { key: "h", value: "QXBhY2hl" },
      { key: "n", value: null },
    ];
    const records = [{ value: "v", partition: 2, headers, timestamp: 1_700_000_000_000 }];
    expect(await offsetsOf(await produce(topicPath(place), { records }))).toMatchObject([{ partition: 2, offset: 0 }]);
    expect(await recordsOf({ ...place, partition: 2 })).toMatchObject([
      {
        timestamp: 1_700_000_000_000,
        headers: [
          { key: "h", value: "Apache" },
          { key: "n", value: null },
        ],
      },
    ]);
  });

  test.each(["application/json", "application/json; charset=utf-8", "application/vnd.kafka.json.v2+json; q=0.9"])(
    "%s is JSON",
    async (type) => {
      const place = await newPlace();
      await offsetsOf(await produce(topicPath(place), { records: [{ value: "v" }] }, type));
      expect(await valuesOf(place)).toEqual(['"v"']);
    },
  );

  test("what other proxies know and this one does not is let be", async () => {
    const place = await newPlace();
    expect(
      (await offsetsOf(await produce(`${topicPath(place)}?async=false`, { records: [{ value: 1 }] }))).length,
    ).toBe(1);
  });

  test("fields of schemas that are sent along are let be", async () => {
    const place = await newPlace();
    const body = { records: [{ value: 1 }], value_schema: null, key_schema_id: null };
    expect((await offsetsOf(await produce(topicPath(place), body))).length).toBe(1);
  });

  test("what single records are refused for is told with them, and the others are stored", async () => {
    const place = await newPlace({ "max.message.bytes": "200", "cleanup.policy": "compact" }, 2);
    const records = [
      { key: 1, value: "a", partition: 1 },
      { key: 1, value: "b", partition: 9 },
      { key: 1, value: "x".repeat(300), partition: 1 },
      { value: "no key", partition: 1 },
      { key: 1, value: "c", partition: 1, timestamp: -5 },
      { key: 1, value: "d", partition: 1 },
    ];
    const offsets = await offsetsOf(await produce(topicPath(place), { records }));
    expect(offsets.map((one) => one.error_code ?? one.offset)).toEqual([0, 40402, 413, 42203, 422, 1]);
    expect(offsets.map((one) => one.error === null)).toEqual([true, false, false, false, false, true]);
    expect(await valuesOf({ ...place, partition: 1 })).toEqual(['"a"', '"d"']);
  });
});

describe("fetch", () => {
  const path = (place: Place, query: string): string => `/kafka-rest${topicPath(place)}/partitions/0/records?${query}`;

  test.each([
    [JSON_V2, JSON_V2, { a: 1 }, "k", "QQ=="],
    [BINARY_V2, BINARY_V2, btoa('{"a":1}'), btoa('"k"'), "QQ=="],
    ["*/*", BINARY_V2, btoa('{"a":1}'), btoa('"k"'), "QQ=="],
    ["application/vnd.kafka.v2+json", BINARY_V2, btoa('{"a":1}'), btoa('"k"'), "QQ=="],
    ["text/html, application/json", JSON_V2, { a: 1 }, "k", "QQ=="],
  ])("Accept: %s answers %s", async (accept, type, value, key, header) => {
    const place = await newPlace();
    const headers = [{ key: "h", value: header }];
    await produce(topicPath(place), {
      records: [{ value: null }, { key: "k", value: { a: 1 }, headers, timestamp: 5 }],
    });
    const response = await call(path(place, "offset=1"), { headers: { accept } });
    expect(response.headers.get("content-type")).toBe(type);
    expect(await response.json()).toEqual([
      { topic: place.name, key, value, partition: 0, offset: 1, headers, timestamp: 5 },
    ]);
  });

  test("pages by max_bytes, waits by timeout, and is empty at the end", async () => {
    const place = await newPlace();
    for (const value of ["a", "b"]) await produce(topicPath(place), { records: [{ value }] });
    const get = async (query: string): Promise<{ readonly value: unknown }[]> =>
      await (await call(path(place, query), { headers: { accept: JSON_V2 } })).json();
    expect((await get("offset=0&max_bytes=1")).map((one) => one.value)).toEqual(["a"]);
    expect((await get("offset=0")).map((one) => one.value)).toEqual(["a", "b"]);
    expect(await get("offset=2&timeout=10")).toEqual([]);
    const waiting = get("offset=2&timeout=10000");
    await produce(topicPath(place), { records: [{ value: "c" }] });
    expect((await waiting).map((one) => one.value)).toEqual(["c"]);
  });

  test("a record that is no JSON is named, and can be had as Base64", async () => {
    const place = await newPlace();
    await produce(topicPath(place), { records: [{ value: "/w==" }] }, BINARY_V2);
    const json = await call(path(place, "offset=0"), { headers: { accept: JSON_V2 } });
    expect(await restErrorOf(json)).toMatchObject({ error_code: 42203, message: expect.stringContaining("offset 0") });
    expect((await call(path(place, "offset=0"))).status).toBe(200);
  });

  test.each([
    ["offset=9", 416, 416],
    ["", 422, 422],
    ["offset=-1", 422, 422],
    ["offset=x", 422, 422],
    ["offset=0&timeout=99999999", 422, 422],
    ["offset=0&max_bytes=x", 422, 422],
  ])("%j answers %d", async (query, status, error_code) => {
    expect(await restErrorOf(await call(path(await newPlace(), query)))).toMatchObject({ status, error_code });
  });

  test("a format that is not known answers 40601", async () => {
    const response = await call(path(await newPlace(), "offset=0"), {
      headers: { accept: "application/vnd.kafka.avro.v2+json" },
    });
    expect(await restErrorOf(response)).toMatchObject({ status: 406, error_code: 40601 });
  });
});

describe("errors have the shape of the REST proxy's:", () => {
  test.each([
    ["no JSON", "{", 400, 400],
    ["no UTF-8 escape", '{"records":[{"value":"\\u00"}]}', 400, 400],
    ["no object", "[]", 422, 422],
    ["no records", "{}", 422, 422],
    ["empty records", '{"records":[]}', 422, 422],
    ["records that are no list", '{"records":{}}', 422, 422],
    ["a record that is none", '{"records":[1]}', 422, 422],
    ["an unknown field", '{"records":[{"vale":1}]}', 422, 422],
    ["__proto__", '{"records":[{"__proto__":1}]}', 422, 422],
    ["an unknown field at the top", '{"records":[{"value":1}],"more":1}', 422, 422],
    ["a partition that is no number", '{"records":[{"value":1,"partition":"0"}]}', 422, 422],
    ["a timestamp that is no number", '{"records":[{"value":1,"timestamp":"now"}]}', 422, 422],
    ["headers that are no list", '{"records":[{"value":1,"headers":{}}]}', 422, 422],
    ["a header without a key", '{"records":[{"value":1,"headers":[{"value":"QQ=="}]}]}', 422, 422],
    ["a header that is no Base64", '{"records":[{"value":1,"headers":[{"key":"h","value":"*"}]}]}', 422, 42203],
    ["too many records", `{"records":[${"1,".repeat(10_000)}1]}`, 413, 413],
    ["a body that is too large", JSON.stringify({ records: ["x".repeat(LIMITS.recordsBodyBytesMax)] }), 413, 413],
  ])("%s", async (_name, body, status, error_code) => {
    const place = await newPlace();
    expect(await restErrorOf(await produce(topicPath(place), body))).toMatchObject({ status, error_code });
    expect(await valuesOf(place)).toEqual([]);
  });

  test("Base64 that is none", async () => {
    const error = await restErrorOf(
      await produce(topicPath(await newPlace()), { records: [{ value: "?" }] }, BINARY_V2),
    );
    expect(error).toMatchObject({
      status: 422,
      error_code: 42203,
      message: expect.stringContaining("records.0.value"),
    });
  });

  test.each([null, "text/plain", "application/vnd.kafka.avro.v2+json", "application/vnd.kafka.jsonschema.v2+json"])(
    "a content type that is not taken: %s",
    async (type) => {
      const { name } = await newPlace();
      const response = await call(`/kafka-rest/topics/${name}`, {
        method: "POST",
        body: new TextEncoder().encode('{"records":[{"value":1}]}'),
        headers: type === null ? {} : { "content-type": type },
      });
      expect(await restErrorOf(response)).toMatchObject({ status: 415, error_code: 415 });
    },
  );

  test("topics and partitions that are not there", async () => {
    const { name } = await newPlace();
    const records = { records: [{ value: 1 }] };
    for (const path of ["/topics/nobody", "/topics/nobody/partitions", "/topics/nobody/partitions/0/offsets"])
      expect(await restErrorOf(await call(`/kafka-rest${path}`))).toMatchObject({ status: 404, error_code: 40401 });
    for (const path of ["9", "9/offsets", "x", "9/records?offset=0"])
      expect(await restErrorOf(await call(`/kafka-rest/topics/${name}/partitions/${path}`))).toMatchObject({
        error_code: 40402,
      });
    expect(await restErrorOf(await produce("/topics/nobody", records))).toMatchObject({ error_code: 40401 });
    expect(await restErrorOf(await produce(`/topics/${name}/partitions/9`, records))).toMatchObject({
      error_code: 40402,
    });
    const other = { records: [{ value: 1, partition: 1 }] };
    expect(await restErrorOf(await produce(`/topics/${name}/partitions/0`, other))).toMatchObject({ error_code: 422 });
  });

  test("addresses and methods that are none", async () => {
    for (const path of ["", "/", "/nothing", "/v3", "/consumers"])
      expect(await restErrorOf(await call(`/kafka-rest${path}`))).toMatchObject({ status: 404, error_code: 404 });
    const response = await call("/kafka-rest/topics", { method: "DELETE" });
    expect(response.headers.get("allow")).toBe("GET");
    expect(await restErrorOf(response)).toMatchObject({ status: 405, error_code: 405 });
  });

  test("closed doors, on every route", async () => {
    const { STRANDLINE_AUTH: _open, ...closed } = env;
    const routes = ROUTES.filter(([, path]) => path.startsWith("/kafka-rest"));
    expect(routes.length).toBeGreaterThan(10);
    for (const [method, path] of routes) {
      const request = new Request(`http://localhost${path}`, { method });
      const response = await createApp().fetch(request, closed, createExecutionContext());
      expect(await restErrorOf(response)).toMatchObject({ status: 503, error_code: 50301 });
    }
    const foreign = await call("/kafka-rest/topics", { headers: { origin: "https://evil.example" } });
    expect(await restErrorOf(foreign)).toMatchObject({ status: 403, error_code: 40301 });
  });
});

test("a page of a served origin may ask", async () => {
  const response = await call("/kafka-rest/topics", {
    method: "OPTIONS",
    headers: { origin: "http://localhost:3000" },
  });
  expect(response.status).toBe(204);
  expect(response.headers.get("access-control-allow-methods")).toContain("POST");
  expect(response.headers.get("access-control-allow-headers")).toContain("ce-specversion");
});
