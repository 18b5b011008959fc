/** CloudEvents: how they are stored, and every violation of what they have to be. */
import { describe, expect, test } from "vitest";
import { binaryEvent, isBinaryEvent, structuredEvent } from "../../edge/intake/cloud-events.ts";
import { bytesOf } from "../../shared/utf8.ts";

const event = { specversion: "1.0", id: "17", source: "/shop", type: "order.made" };
const STRUCTURED = [{ key: "content-type", value: "application/cloudevents+json; charset=UTF-8" }];

function violationsOf(read: () => unknown): string {
  try {
    read();
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "INVALID_RECORD" });
    return (thrown as Error).message;
  }
  throw new Error("it was taken");
}

describe("structured", () => {
  test("the value is the event, byte by byte where it came alone", () => {
    const text = bytesOf(JSON.stringify(event, null, 2));
    const rest = { key: null, partition: null, timestamp: null, headers: STRUCTURED };
    expect(structuredEvent(event, text)).toEqual({ ...rest, value: text });
    expect(structuredEvent(event)).toEqual({ ...rest, value: JSON.stringify(event) });
  });

  test("partitionkey is the key", () => {
    expect(structuredEvent({ ...event, partitionkey: "o-17" }).key).toBe("o-17");
  });

  test.each([
    { ...event, data: { item: "tea" }, datacontenttype: "application/json" },
    { ...event, data: null },
    {
      ...event,
      data_base64: "AP8=",
      time: "2026-11-21T12:00:00.123Z",
      subject: "s",
      dataschema: "https://a.example/s",
    },
    {
      ...event,
      time: "2026-11-21T12:00:00+02:00",
      traceparent: "00-1",
      sampled: true,
      count: -2_147_483_648,
      gone: null,
    },
    { ...event, source: "https://shop.example/orders", id: "ключ" },
  ])("%j is one", (json) => {
    expect(structuredEvent(json).value).toBe(JSON.stringify(json));
  });

  test.each([
    ["id is missing", { ...event, id: undefined }],
    ["source is missing", { ...event, source: undefined }],
    ["specversion is missing", { ...event, specversion: undefined }],
    ["type is missing", { ...event, type: undefined }],
    ["id is a text that is not empty", { ...event, id: "" }],
    ["type is a text that is not empty", { ...event, type: null }],
    ["id is a text that is not empty", { ...event, id: 17 }],
    ["specversion is 1.0", { ...event, specversion: "0.3" }],
    ["source is a URI reference", { ...event, source: "http://[" }],
    ["dataschema is a URI", { ...event, dataschema: "relative" }],
    ["time is a time of RFC 3339", { ...event, time: "yesterday" }],
    ["time is a time of RFC 3339", { ...event, time: "2026-13-01T00:00:00Z" }],
    ["subject is a text that is not empty", { ...event, subject: "" }],
    ["partitionkey is a text that is not empty", { ...event, partitionkey: 5 }],
    ["traceParent is no name of an attribute", { ...event, traceParent: "x" }],
    ["more is a text, a boolean or an integer", { ...event, more: {} }],
    ["count is a text, a boolean or an integer", { ...event, count: 2_147_483_648 }],
    ["__proto__ is no name of an attribute", JSON.parse(`{"__proto__":"x"}`)],
    ["data and data_base64 stand beside each other", { ...event, data: 1, data_base64: "AA==" }],
    ["data_base64 is Base64", { ...event, data_base64: "*" }],
    ["an event is an object", [event]],
    ["an event is an object", null],
  ])("%s: %j", (violation, json: unknown) => {
    const plain: unknown = JSON.parse(JSON.stringify(json));
    expect(violationsOf(() => structuredEvent(plain))).toContain(violation);
  });

  test("every violation is named", () => {
    const said = violationsOf(() => structuredEvent({ specversion: "2", time: "now" }));
    for (const name of ["id", "source", "type", "specversion", "time"]) expect(said).toContain(name);
  });
});

describe("binary", () => {
  const headers = { "ce-specversion": "1.0", "ce-id": "17", "ce-source": "/shop", "ce-type": "order.made" };

  test("attributes are headers, the data is the value as it is", () => {
    const all = new Headers({ ...headers, "ce-partitionkey": "o-17", "content-type": "text/plain", "x-other": "no" });
    expect(isBinaryEvent(all)).toBe(true);
    const { headers: stored, ...rest } = binaryEvent(all, bytesOf("tea"));
    expect(rest).toEqual({ key: "o-17", value: bytesOf("tea"), partition: null, timestamp: null });
    expect(Object.fromEntries(stored.map(({ key, value }) => [key, value]))).toEqual({
      ce_specversion: "1.0",
      ce_id: "17",
      ce_source: "/shop",
      ce_type: "order.made",
      ce_partitionkey: "o-17",
      "content-type": "text/plain",
    });
  });

  test("values are percent-decoded", () => {
    const stored = binaryEvent(new Headers({ ...headers, "ce-subject": "Euro%20%E2%82%AC" }), bytesOf("x")).headers;
    expect(stored).toContainEqual({ key: "ce_subject", value: "Euro €" });
  });

  test("no data is a null value", () => {
    expect(binaryEvent(new Headers(headers), new Uint8Array()).value).toBeNull();
  });

  test.each([
    ["source is missing", { ...headers, "ce-source": undefined }],
    ["subject is percent-encoded UTF-8", { ...headers, "ce-subject": "%FF" }],
    ["data is no header ce-data", { ...headers, "ce-data": "x" }],
    ["datacontenttype is no header ce-datacontenttype", { ...headers, "ce-datacontenttype": "text/plain" }],
    ["my-attribute is no name of an attribute", { ...headers, "ce-my-attribute": "x" }],
  ])("%s", (violation, sent) => {
    const stated = new Headers(
      Object.entries(sent).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    expect(violationsOf(() => binaryEvent(stated, bytesOf("x")))).toContain(violation);
  });
});
