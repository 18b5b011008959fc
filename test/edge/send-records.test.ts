/** `POST /v1/topics/{topic}/records`: JSON, lines and CloudEvents by what they leave in the log and what they answer. */
import { describe, expect, test } from "vitest";
import { LINE_REPORT } from "../../edge/answer-schemas.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { LineReport, SendRecordsAnswer } from "../../shared/api/send-records.ts";
import { call, errorOf, newPlace, recordsOf, valuesOf, type Place } from "./edge.ts";

const pathOf = ({ name }: Pick<Place, "name">): string => `/v1/topics/${name}/records`;

async function send(place: Pick<Place, "name">, type: string | null, body: BodyInit): Promise<Response> {
  const headers: Record<string, string> = type === null ? {} : { "content-type": type };
  return await call(pathOf(place), { method: "POST", body, headers });
}

async function sendJson(place: Pick<Place, "name">, json: unknown): Promise<Response> {
  return await send(place, "application/json", JSON.stringify(json));
}

async function reportsOf(response: Response): Promise<LineReport[]> {
  expect(response.headers.get("content-type")).toBe("application/x-ndjson");
  const text = await response.text();
  expect(text === "" || text.endsWith("\n")).toBe(true);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const report = JSON.parse(line) as LineReport;
      expect(LINE_REPORT.schema.parse(report)).toEqual(report);
      return report;
    });
}

describe("JSON", () => {
  test("one record: where it stands", async () => {
    const place = await newPlace();
    const response = await sendJson(place, { key: "k", value: "a", headers: { h: "x" }, timestamp: 5 });
    expect(await response.json()).toEqual({ records: [{ partition: 0, offset: 0, timestamp: 5, error: null }] });
    expect(await recordsOf(place)).toEqual([
      { offset: 0, timestamp: 5, key: "k", value: "a", headers: [{ key: "h", value: "x" }] },
    ]);
  });

  test("many: each answers for itself", async () => {
    const place = await newPlace({ "max.message.bytes": "200" }, 2);
    const records = [
      { value: "a", partition: 1 },
      { value: "b", partition: 7 },
      { value: "x".repeat(200), partition: 1 },
      { value: "c", partition: 1, timestamp: -1 },
      { valueBase64: "AP8=", partition: 1 },
    ];
    const answer: SendRecordsAnswer = await (await sendJson(place, { records })).json();
    expect(answer.records.map((one) => one.error?.code ?? one.offset)).toEqual([
      0,
      "UNKNOWN_TOPIC_OR_PARTITION",
      "MESSAGE_TOO_LARGE",
      "INVALID_TIMESTAMP",
      1,
    ]);
    const held = await recordsOf({ ...place, partition: 1 });
    expect(held.map((one) => one.value ?? one.valueBase64)).toEqual(["a", "AP8="]);
  });

  test("what was read can be sent to another topic", async () => {
    const [from, to] = [await newPlace(), await newPlace()];
    await sendJson(from, {
      records: [
        { key: "k", value: { a: 1 }, headers: { h: null } },
        { keyBase64: "/w==", value: null },
      ],
    });
    const read = await recordsOf(from);
    await sendJson(to, { records: read });
    expect(await recordsOf(to)).toEqual(read);
  });

  test.each([
    [400, "INVALID_REQUEST", "{"],
    [400, "INVALID_REQUEST", '{"records":{}}'],
    [400, "INVALID_REQUEST", '{"records":[],"key":"k"}'],
    [422, "INVALID_RECORD", "[]"],
    [422, "INVALID_RECORD", '{"records":[{"value":"a"},{"vale":"b"}]}'],
    [422, "INVALID_TIMESTAMP", '{"value":"a","timestamp":-1}'],
    [404, "UNKNOWN_TOPIC_OR_PARTITION", '{"value":"a","partition":1}'],
    [413, "MESSAGE_TOO_LARGE", JSON.stringify({ value: "x".repeat(LIMITS.batchBytesMax) })],
    [413, "RECORD_LIST_TOO_LARGE", `{"records":[${"1,".repeat(10_000)}1]}`],
    [413, "REQUEST_TOO_LARGE", JSON.stringify({ value: "x".repeat(LIMITS.recordsBodyBytesMax) })],
  ])("%d %s stores nothing: row %#", async (status, code, body) => {
    const place = await newPlace();
    expect(await errorOf(await send(place, "application/json", body))).toMatchObject({ status, code });
    expect(await recordsOf(place)).toEqual([]);
  });

  test("the place of a record that is none is named", async () => {
    const error = await errorOf(await sendJson(await newPlace(), { records: [{ value: "a" }, { vale: "b" }] }));
    expect(error).toMatchObject({ record: 1, field: "vale" });
  });

  test("a compacted topic takes no record without a key", async () => {
    const place = await newPlace({ "cleanup.policy": "compact" });
    expect(await errorOf(await sendJson(place, { value: "a" }))).toMatchObject({ status: 422, code: "INVALID_RECORD" });
    expect((await sendJson(place, { key: "k", value: "a" })).status).toBe(200);
  });

  test("no records are no error", async () => {
    expect(await (await sendJson(await newPlace(), { records: [] })).json()).toEqual({ records: [] });
  });

  test("a topic that is not there is not made", async () => {
    expect(await errorOf(await sendJson({ name: "nobody-made-this" }, { value: "a" }))).toMatchObject({ status: 404 });
  });

  test.each([null, "text/plain", "application/x-www-form-urlencoded", "application/vnd.kafka.json.v2+json"])(
    "of the type %s answers 415 with those that are taken",
    async (type) => {
      const body = new TextEncoder().encode('{"value":"a"}');
      const error = await errorOf(await send(await newPlace(), type, body));
      expect(error).toMatchObject({ status: 415, code: "UNSUPPORTED_MEDIA_TYPE" });
      expect(error["supported"]).toContain("application/x-ndjson");
    },
  );
});

describe("lines", () => {
  test.each(["application/x-ndjson", "application/jsonl", "application/x-ndjson; charset=utf-8"])(
    "%s: a report for each, in order, and errors stop nothing",
    async (type) => {
      const place = await newPlace({}, 2);
      const lines = [
        '{"value":"a","partition":1}',
        "",
        "nonsense",
        '{"vale":"b"}',
        '{"value":"c","partition":1}\r',
        '{"value":"d","partition":9}',
        '{"value":"last","partition":1}',
      ];
      const reports = await reportsOf(await send(place, type, lines.join("\n")));
      expect(reports.map((one) => ("error" in one ? [one.line, one.error.code] : [one.line, one.offset]))).toEqual([
        [1, 0],
        [3, "INVALID_RECORD"],
        [4, "INVALID_RECORD"],
        [5, 1],
        [6, "UNKNOWN_TOPIC_OR_PARTITION"],
        [7, 2],
      ]);
      expect(await valuesOf({ ...place, partition: 1 })).toEqual(["a", "c", "last"]);
    },
  );

  test("nothing, blank lines and no end are no errors", async () => {
    const place = await newPlace();
    for (const body of ["", "\n", " \n\t\n"])
      expect(await reportsOf(await send(place, "application/x-ndjson", body))).toEqual([]);
    expect(await reportsOf(await send(place, "application/x-ndjson", '{"value":"a"}'))).toEqual([
      { line: 1, partition: 0, offset: 0 },
    ]);
  });

  test("a line of broken UTF-8 and one that is too long are errors of theirs", async () => {
    const place = await newPlace();
    const body = new Blob([
      new Uint8Array([0x7b, 0xff, 0x7d, 0x0a]),
      `{"value":"${"x".repeat(LIMITS.recordTextBytesMax)}"}\n`,
      `{"value":"${"x".repeat(LIMITS.batchBytesMax)}"}\n`,
      '{"value":"a"}\n',
    ]);
    const reports = await reportsOf(await send(place, "application/x-ndjson", await body.arrayBuffer()));
    expect(reports.map((one) => ("error" in one ? one.error.code : one.offset))).toEqual([
      "INVALID_RECORD",
      "MESSAGE_TOO_LARGE",
      "MESSAGE_TOO_LARGE",
      0,
    ]);
  });

  test("many lines keep their order over many rows, and each its own partition's", async () => {
    const place = await newPlace({}, 3);
    const count = 20_000;
    const lines = Array.from({ length: count }, (_, index) => `{"key":"k-${index % 50}","value":"${index}"}\n`);
    const reports = await reportsOf(await send(place, "application/x-ndjson", lines.join("")));
    expect(reports.map((one) => one.line)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    const read = await Promise.all([0, 1, 2].map(async (partition) => await valuesOf({ ...place, partition })));
    for (const values of read) expect(values).toEqual(values.toSorted((a, b) => Number(a) - Number(b)));
    expect(read.flat().length).toBe(count);
    for (const one of reports) {
      if ("error" in one) throw new Error(one.error.message);
      expect(read[one.partition]?.[one.offset]).toBe(String((one.line ?? 0) - 1));
    }
  });

  test("reports come while the body still does", async () => {
    const place = await newPlace();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const utf8 = new TextEncoder();
    const sent = send(place, "application/x-ndjson", readable);
    void writer.write(utf8.encode('{"value":"a"}\n{"value":'));
    const response = await sent;
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe('{"line":1,"partition":0,"offset":0}\n');
    void writer.write(utf8.encode('"b"}\n'));
    expect((await reader?.read())?.value).toBe('{"line":2,"partition":0,"offset":1}\n');
    void writer.close();
    expect((await reader?.read())?.done).toBe(true);
  });

  test("a topic that is not there is told before anything is read", async () => {
    const response = await send({ name: "nobody-made-this" }, "application/x-ndjson", '{"value":"a"}\n');
    expect(await errorOf(response)).toMatchObject({ status: 404, code: "UNKNOWN_TOPIC_OR_PARTITION" });
  });
});

describe("CloudEvents", () => {
  const event = { specversion: "1.0", id: "17", source: "/shop", type: "order.made", partitionkey: "o-17" };
  const structured = [{ key: "content-type", value: "application/cloudevents+json; charset=UTF-8" }];

  test("structured: the event is the value, as it came", async () => {
    const place = await newPlace();
    const text = JSON.stringify({ ...event, data: { item: "tea" } }, null, 1);
    const answer: SendRecordsAnswer = await (
      await send(place, "application/cloudevents+json; charset=utf-8", text)
    ).json();
    expect(answer.records).toMatchObject([{ partition: 0, offset: 0, error: null }]);
    expect(await recordsOf(place)).toMatchObject([{ key: "o-17", value: text, headers: structured }]);
  });

  test("a batch: a record for each", async () => {
    const place = await newPlace();
    const events = [event, { ...event, id: "18" }];
    expect((await send(place, "application/cloudevents-batch+json", JSON.stringify(events))).status).toBe(200);
    expect(await valuesOf(place)).toEqual(events.map((one) => JSON.stringify(one)));
  });

  test("binary: attributes are headers", async () => {
    const place = await newPlace();
    const headers = {
      "ce-specversion": "1.0",
      "ce-id": "17",
      "ce-source": "/shop",
      "ce-type": "t",
      "content-type": "text/csv",
    };
    expect((await call(pathOf(place), { method: "POST", body: "a,b", headers })).status).toBe(200);
    const [held] = await recordsOf(place);
    expect(held?.value).toBe("a,b");
    expect(held?.headers).toContainEqual({ key: "ce_id", value: "17" });
    expect(held?.headers).toContainEqual({ key: "content-type", value: "text/csv" });
  });

  test("what is none is refused with every violation, and of a batch nothing is stored", async () => {
    const place = await newPlace();
    const batch = await send(place, "application/cloudevents-batch+json", JSON.stringify([event, {}]));
    expect(await errorOf(batch)).toMatchObject({ status: 422, code: "INVALID_RECORD", record: 1 });
    const binary = await call(pathOf(place), { method: "POST", body: "x", headers: { "ce-id": "17" } });
    const error = await errorOf(binary);
    expect(error).toMatchObject({ status: 422, code: "INVALID_RECORD" });
    for (const name of ["source", "specversion", "type"]) expect(error["violations"]).toContain(`${name} is missing`);
    expect(await errorOf(await send(place, "application/cloudevents-batch+json", "{}"))).toMatchObject({ status: 400 });
    expect(await recordsOf(place)).toEqual([]);
  });
});
