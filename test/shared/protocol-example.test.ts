/** The worked example of PROTOCOL.md, rebuilt from nothing but what its sentences say. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { NO_CHAIN, topicId, type Crc, type ProducerKey } from "../../shared/brands.ts";
import { nextChain, voidChain } from "../../shared/chain.ts";
import { isDeviceProducer, isProducerKey, producerIdOf, successorKeyOf } from "../../shared/producer-identity.ts";
import { batchCrc } from "../../shared/record-batch.ts";
import { checkRecords, readBatch, records } from "../../shared/record-batch-decode.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { seal } from "../../shared/record-batch-seal.ts";
import { textOf } from "../../shared/utf8.ts";
import { ROOT } from "../harness/paths.ts";

const PROTOCOL = readFileSync(join(ROOT, "shared/PROTOCOL.md"), "utf8");
const BLOCK = /```hex\n(?<lines>[^`]*)```\n(?<chains>[^#]*)/.exec(PROTOCOL)?.groups;
/** Bytes stand before the first run of spaces, in groups; behind it stands what they are. */
const EXAMPLE = Buffer.from((BLOCK?.["lines"] ?? "").replaceAll(/ {2,}.*$/gm, "").replaceAll(/\s/g, ""), "hex");

const producerKey = "000102030405060708090a0b0c0d0e0f" as ProducerKey;
const owner = { namespace: "default", principal: "ann", producerKey };

function storedBatch(): Uint8Array {
  const encoder = new RecordBatchEncoder();
  const timestamp = 1_700_000_000_000;
  encoder.append({ key: "o-17", value: "paid", timestamp, headers: [{ key: "v", value: "1" }] });
  encoder.append({ key: "o-17", value: null, timestamp: timestamp + 250 });
  return encoder.finish();
}

async function sealedBatch(): Promise<Uint8Array> {
  const batch = storedBatch();
  seal(batch, 0, { producerId: await producerIdOf(owner), baseSequence: 5 });
  return batch;
}

test("the example is what the encoder writes, and the decoder reads it", async () => {
  expect(EXAMPLE.length).toBe(92);
  expect(Buffer.from(await sealedBatch()).toString("hex")).toBe(EXAMPLE.toString("hex"));
  const reading = readBatch(EXAMPLE, 0);
  if (!reading.ok) throw new Error(reading.damage.reason);
  expect(checkRecords(reading.batch, { produced: true })).toBeNull();
  const found = Array.from(records(reading.batch), ({ key, value, timestamp }) =>
    [key, value].map((one) => one && textOf(one)).concat(`${timestamp}`),
  );
  expect(found).toEqual([
    ["o-17", "paid", "1700000000000"],
    ["o-17", null, "1700000000250"],
  ]);
});

test("its chains and its successor", async () => {
  const stored = batchCrc(storedBatch(), 0);
  const chain = nextChain(NO_CHAIN, batchCrc(EXAMPLE, 0) as Crc);
  const successor = await successorKeyOf({
    producerKey,
    topicId: topicId("00112233-4455-6677-8899-aabbccddeeff"),
    partition: 3,
    sequence: 5,
    firstBatchCrc: stored,
  });
  const said = BLOCK?.["chains"] ?? "";
  expect(BLOCK?.["lines"]).toContain(`${stored.toString(16)} as stored`);
  expect(said).toContain(`\`${chain.toString(16).padStart(8, "0")}\``);
  expect(said).toContain(
    `\`${voidChain(NO_CHAIN, { count: 2, crc: batchCrc(EXAMPLE, 0) as Crc })
      .toString(16)
      .padStart(8, "0")}\``,
  );
  expect(said).toContain(`\`${successor}\``);
  expect(isProducerKey(successor)).toBe(true);
});

test("an identity's parts cannot be shifted into one another, and each of them counts", async () => {
  const ids = await Promise.all(
    [
      owner,
      { ...owner, namespace: "defaulta", principal: "nn" },
      { ...owner, namespace: "", principal: "defaultann" },
      { ...owner, principal: "Ann" },
      { ...owner, producerKey: "000102030405060708090a0b0c0d0e0e" as ProducerKey },
    ].map(producerIdOf),
  );
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect([id.length, isDeviceProducer(id)]).toEqual([16, true]);
  expect(isDeviceProducer("ffffffffffffffff" as never)).toBe(false);
  expect(isDeviceProducer("0000000000001267" as never)).toBe(false);
});

test("each part of the point where histories parted counts", async () => {
  const point = {
    producerKey,
    topicId: topicId("00112233-4455-6677-8899-aabbccddeeff"),
    partition: 3,
    sequence: 5,
    firstBatchCrc: 0xb0d80cd8,
  };
  const keys = await Promise.all(
    [
      point,
      { ...point, partition: 4 },
      { ...point, sequence: 6 },
      { ...point, firstBatchCrc: 1 },
      { ...point, topicId: topicId("00112233-4455-6677-8899-aabbccddeefe") },
      { ...point, producerKey: "000102030405060708090a0b0c0d0e0e" as ProducerKey },
    ].map(successorKeyOf),
  );
  expect(new Set(keys).size).toBe(keys.length);
});
