/** The face of Kafka's REST proxies, v3: a report for each record. */
import { describe, expect, test } from "vitest";
import { REST_REPORT } from "../../edge/kafka-rest/answer-schemas.ts";
import type { BatchAnswerV3, ReportV3 } from "../../edge/kafka-rest/produce-v3.ts";
import type { RestError } from "../../edge/kafka-rest/rest-error.ts";
import { call, newPlace, recordsOf, valuesOf, type Place } from "./edge.ts";

const CLUSTER = "/kafka-rest/v3/clusters/default";
const JSON_HEADERS = { "content-type": "application/json" };

async function produce({ name }: Pick<Place, "name">, body: BodyInit, suffix = ""): Promise<Response> {
  const path = `${CLUSTER}/topics/${name}/records${suffix}`;
  return await call(path, { method: "POST", body, headers: JSON_HEADERS });
}

async function reportsOf(response: Response): Promise<(ReportV3 | RestError)[]> {
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
  const text = await response.text();
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const report = JSON.parse(line) as ReportV3 | RestError;
      expect(REST_REPORT.schema.parse(report)).toEqual(report);
      return report;
    });
}

test("the cluster is the namespace", async () => {
  const list: { data: { cluster_id: string }[] } = await (await call("/kafka-rest/v3/clusters")).json();
  expect(list.data.map((one) => one.cluster_id)).toEqual(["default"]);
  expect(await (await call(CLUSTER)).json()).toEqual(list.data[0]);
  const other = await call("/kafka-rest/v3/clusters/other");
  expect([other.status, await other.json()]).toMatchObject([404, { error_code: 404 }]);
});

describe("records", () => {
  test("one, as Confluent's documentation has it", async () => {
    const place = await newPlace({}, 2);
    const body = {
      partition_id: 1,
      headers: [{ name: "h", value: "SGVhZGVy" }],
      key: { type: "BINARY", data: "Zm9vYmFy" },
      value: { type: "JSON", data: { foo: "bar" } },
      timestamp: "2026-02-05T19:14:42Z",
    };
    const timestamp = Date.parse(body.timestamp);
    expect(await reportsOf(await produce(place, JSON.stringify(body)))).toEqual([
      {
        error_code: 200,
        cluster_id: "default",
        topic_name: place.name,
        partition_id: 1,
        offset: 0,
        timestamp: "2026-02-05T19:14:42.000Z",
        key: { type: "BINARY", size: 6 },
        value: { type: "JSON", size: 13 },
      },
    ]);
    expect(await recordsOf({ ...place, partition: 1 })).toEqual([
      { offset: 0, timestamp, key: "foobar", value: '{"foo":"bar"}', headers: [{ key: "h", value: "Header" }] },
    ]);
  });

  test("many, right after each other or with space between, a report for each in order", async () => {
    const place = await newPlace();
    const record = (data: string): string => JSON.stringify({ value: { type: "STRING", data } });
    const body = `${record("a")}${record('{"}')}\n ${record("\\")}\r\n${record("é")}`;
    const reports = await reportsOf(await produce(place, body));
    expect(reports.map((one) => ("offset" in one ? one.offset : one))).toEqual([0, 1, 2, 3]);
    expect(reports[3]).toMatchObject({ value: { type: "STRING", size: 2 } });
    expect(await valuesOf(place)).toEqual(["a", '{"}', "\\", "é"]);
  });

  test.each([
    ['{"value":{"type":"AVRO","data":1}}', 42202],
    ['{"value":{"data":1}}', 42202],
    ['{"key":{"type":"PROTOBUF","data":1}}', 42201],
    ['{"value":{"type":"BINARY","data":"*"}}', 42203],
    ['{"value":{"type":"STRING","data":1}}', 422],
    ['{"value":1}', 422],
    ['{"valu":{"type":"STRING","data":"a"}}', 422],
    ['{"partition_id":"x"}', 422],
    ['{"partition_id":9}', 40402],
    ['{"timestamp":"yesterday"}', 422],
    ['{"timestamp":-1}', 422],
    ['{"headers":[{"key":"h","value":"QQ=="}]}', 422],
    ["{]}", 400],
    [`{"value":{"type":"STRING","data":"${"x".repeat(1_048_576)}"}}`, 413],
  ])("row %#: it is the error of that record alone", async (bad, error_code) => {
    const place = await newPlace();
    const good = '{"value":{"type":"STRING","data":"a"}}';
    const reports = await reportsOf(await produce(place, `${good}${bad}${good}`));
    expect(reports.map((one) => one.error_code)).toEqual([200, error_code, 200]);
    expect(await valuesOf(place)).toEqual(["a", "a"]);
  });

  test.each(["[1]", "null", '"a"', ",", '{"value"'])("nothing behind %s is read", async (bad) => {
    const place = await newPlace();
    const good = '{"value":{"type":"STRING","data":"a"}}';
    const reports = await reportsOf(await produce(place, `${good} ${bad}`));
    expect(reports.map((one) => one.error_code)).toEqual([200, 400]);
    expect(await valuesOf(place)).toEqual(["a"]);
  });

  test.each([
    [404, 40401, `${CLUSTER}/topics/nobody/records`, JSON_HEADERS],
    [404, 404, "/kafka-rest/v3/clusters/other/topics/nobody/records", JSON_HEADERS],
    [415, 415, `${CLUSTER}/topics/nobody/records`, { "content-type": "text/plain" }],
  ])("%d %d: %s", async (status, error_code, path, headers) => {
    const response = await call(path, { method: "POST", body: "{}", headers });
    expect([response.status, await response.json()]).toMatchObject([status, { error_code }]);
  });
});

describe("records:batch", () => {
  test("each under its id", async () => {
    const place = await newPlace();
    const entries = [
      { id: "1", value: { type: "STRING", data: "a" } },
      { id: "2", value: { type: "AVRO", data: "b" } },
      { id: "3", value: { type: "STRING", data: "c" }, partition_id: 7 },
      { id: "4", key: { type: "JSON", data: [1] }, value: null },
    ];
    const response = await produce(place, JSON.stringify({ entries }), ":batch");
    expect(response.status).toBe(207);
    const { successes, failures }: BatchAnswerV3 = await response.json();
    expect(successes).toMatchObject([
      { id: "1", offset: 0, value: { type: "STRING", size: 1 } },
      { id: "4", offset: 1, key: { type: "JSON", size: 3 } },
    ]);
    expect(failures).toMatchObject([
      { id: "2", error_code: 42202 },
      { id: "3", error_code: 40402 },
    ]);
    expect(await valuesOf(place)).toEqual(["a", null]);
  });

  test.each([
    ["{", 400],
    ["{}", 422],
    [`{"entries":[${"1,".repeat(10_000)}1]}`, 413],
    ['{"entries":[{}]}', 422],
    ['{"entries":[{"id":""}]}', 422],
    ['{"entries":[{"id":1}]}', 422],
    ['{"entries":[{"id":"1"},{"id":"1"}]}', 422],
    [`{"entries":[{"id":"${"1".repeat(81)}"}]}`, 422],
  ])("row %#: it is refused as a whole", async (body, error_code) => {
    const place = await newPlace();
    const response = await produce(place, body, ":batch");
    expect(await response.json()).toMatchObject({ error_code });
    expect(await valuesOf(place)).toEqual([]);
  });
});
