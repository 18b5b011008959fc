/**
 * Produces one record over HTTP, with nothing but what the protocol says:
 *
 *   node examples/produce.ts <url> <topic> <key> <value>
 *
 * Where the edge asks for a token, it is taken from STRANDLINE_TOKEN. The batch is made once and sent under a producer identity of its own, so that a retry of a lost answer is a duplicate
 * to the edge, and no second record.
 */
import { ENVELOPE_MEDIA_TYPE } from "../shared/api/media-types.ts";
import type { MetadataAnswer } from "../shared/api/metadata.ts";
import type { ProduceAnswer, ProduceHead } from "../shared/api/produce.ts";
import { NO_CHAIN, type ProducerKey } from "../shared/brands.ts";
import { writeEnvelope } from "../shared/envelope.ts";
import { partitionForKey } from "../shared/murmur2.ts";
import { hexOf, producerIdOf } from "../shared/producer-identity.ts";
import { RecordBatchEncoder } from "../shared/record-batch-encode.ts";
import { seal } from "../shared/record-batch-seal.ts";
import { bytesOf } from "../shared/utf8.ts";

const TRIES = 5;
const TOKEN = process.env["STRANDLINE_TOKEN"];
const CREDENTIAL: Readonly<Record<string, string>> = TOKEN === undefined ? {} : { authorization: `Bearer ${TOKEN}` };

async function main(): Promise<void> {
  const [url, topic, key, value] = process.argv.slice(2);
  if (url === undefined || topic === undefined || key === undefined || value === undefined)
    throw new Error("usage: node examples/produce.ts <url> <topic> <key> <value>");

  const asked = await fetch(`${url}/v1/metadata?topics=${encodeURIComponent(topic)}`, { headers: CREDENTIAL });
  const metadata = (await asked.json()) as MetadataAnswer;
  const [found] = metadata.topics;
  if (found === undefined || found.topicId === null) throw new Error(found?.error?.message ?? "no such topic");

  const encoder = new RecordBatchEncoder();
  encoder.append({ key, value, timestamp: Date.now() });
  const batch = encoder.finish();

  const producerKey = hexOf(crypto.getRandomValues(new Uint8Array(16))) as ProducerKey;
  const { namespace, principal } = metadata;
  seal(batch, 0, { producerId: await producerIdOf({ namespace, principal, producerKey }), baseSequence: 0 });

  const partition = partitionForKey(bytesOf(key), found.partitionCount);
  const place = { topicId: found.topicId, partition, leaderEpoch: null, producerKey, chain: NO_CHAIN };
  const head: ProduceHead = { partitions: [{ ...place, bytes: batch.length }] };
  const answer = await post(`${url}/v1/produce`, writeEnvelope(head, [batch]));
  const [only] = answer.partitions;
  if (only === undefined || only.error !== null) throw new Error(only?.error?.message ?? "no answer");
  console.log(`${topic}-${partition}@${only.baseOffset}`);
}

async function post(url: string, body: Uint8Array<ArrayBuffer>, triesLeft = TRIES): Promise<ProduceAnswer> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { ...CREDENTIAL, "content-type": ENVELOPE_MEDIA_TYPE },
      body,
    });
    if (answer.ok) return (await answer.json()) as ProduceAnswer;
    throw new Error(`${answer.status}: ${await answer.text()}`);
  } catch (error) {
    if (triesLeft <= 1) throw error;
    return await post(url, body, triesLeft - 1);
  }
}

await main();
