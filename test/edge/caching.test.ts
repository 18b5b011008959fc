/** What may be kept of records, and how long it is true. */
import { describe, expect, test } from "vitest";
import { ENVELOPE_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { plainBatch, produceRun } from "./device.ts";
import { call, errorOf, newPlace, type Place } from "./edge.ts";

async function read({ name }: Place, query = "", headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return await call(`/v1/topics/${name}/partitions/0/records${query}`, { headers });
}

async function tagOf(place: Place, query = "", accept = "application/json"): Promise<string> {
  const response = await read(place, query, { accept });
  expect(response.status).toBe(200);
  return response.headers.get("etag") ?? "none";
}

async function newLog(...values: readonly string[]): Promise<Place> {
  const place = await newPlace();
  for (const value of values) await produceRun(place, plainBatch([value]));
  return place;
}

describe("an entity tag", () => {
  test("is strong and the same for the same answer", async () => {
    const place = await newLog("a", "b");
    const tag = await tagOf(place);
    expect(tag).toMatch(/^"[\x21\x23-\x7e]+"$/);
    expect(await tagOf(place)).toBe(tag);
    expect(await tagOf(place, "?offset=0")).toBe(tag);
  });

  test("is another for another range, end, representation or topic", async () => {
    const place = await newLog("a", "b");
    const tags = [
      await tagOf(place),
      await tagOf(place, "?offset=1"),
      await tagOf(place, "?maxBytes=1"),
      await tagOf(place, "", ENVELOPE_MEDIA_TYPE),
      await tagOf(await newLog("a", "b")),
    ];
    await produceRun(place, plainBatch(["c"]));
    // The same record, but the high watermark is part of the answer.
    tags.push(await tagOf(place, "?maxBytes=1"), await tagOf(place));
    expect(new Set(tags).size).toBe(tags.length);
  });
});

describe("If-None-Match", () => {
  test.each(["application/json", ENVELOPE_MEDIA_TYPE])("of what is still true answers 304 to %s", async (accept) => {
    const place = await newLog("a");
    const etag = await tagOf(place, "", accept);
    const response = await read(place, "", { accept, "if-none-match": `"other", W/${etag}` });
    expect([response.status, await response.text()]).toEqual([304, ""]);
    expect(response.headers.get("etag")).toBe(etag);
    expect(response.headers.get("cache-control")).toBe("private, no-cache");
    expect(response.headers.get("vary")).toBe("Authorization, Accept, Origin");
    expect(response.headers.get("content-type")).toBeNull();
  });

  test("of what is no longer true, or of another representation, answers anew", async () => {
    const place = await newLog("a");
    const etag = await tagOf(place);
    expect((await read(place, "", { accept: ENVELOPE_MEDIA_TYPE, "if-none-match": etag })).status).toBe(200);
    await produceRun(place, plainBatch(["b"]));
    expect((await read(place, "", { "if-none-match": etag })).status).toBe(200);
  });
});

test("a media type that is not there is refused", async () => {
  const error = await errorOf(await read(await newLog("a"), "", { accept: "image/png" }));
  expect(error).toMatchObject({ status: 406, code: "NOT_ACCEPTABLE", errno: 10_019, retriable: false });
});

test("topics and metadata are the caller's own and have no tag", async () => {
  for (const path of ["/v1/topics", "/v1/metadata"]) {
    const { headers } = await call(path);
    expect([headers.get("cache-control"), headers.get("etag")]).toEqual(["private, no-cache", null]);
    expect(headers.get("vary")).toBe("Authorization, Accept, Origin");
  }
});
