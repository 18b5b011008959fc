/** Produce requests as sixteen devices send them: made and sealed beforehand, then sent over connections kept alive. */
import { Agent, request as httpRequest } from "node:http";
import type { ProduceAnswer, ProduceHead } from "../../../shared/api/produce.ts";
import { NO_CHAIN, type Chain, type ProducerId, type ProducerKey, type TopicId } from "../../../shared/brands.ts";
import { nextChain } from "../../../shared/chain.ts";
import { writeEnvelope } from "../../../shared/envelope.ts";
import { producerIdOf } from "../../../shared/producer-identity.ts";
import { RecordBatchEncoder } from "../../../shared/record-batch-encode.ts";
import { seal } from "../../../shared/record-batch-seal.ts";

export const CONNECTIONS = 16;
const RECORD_BYTES = 100;
/** A record beside its value: length, attributes, two deltas, no key, the value's length, no headers. */
const RECORD_OVERHEAD_BYTES_MAX = 14;

/** Whose producer ids are made, as the edge knows them: open doors have one namespace and one principal. */
export interface Owner {
  readonly namespace: string;
  readonly principal: string;
}

const ANYBODY: Owner = { namespace: "default", principal: "anonymous" };

/** One device on one partition: its next requests follow those it made before. */
export class Device {
  readonly #topicId: TopicId;
  readonly #producerKey: ProducerKey;
  readonly #producerId: ProducerId;
  #sequence = 0;
  #chain: Chain = NO_CHAIN;

  private constructor(topicId: TopicId, producerKey: ProducerKey, producerId: ProducerId) {
    this.#topicId = topicId;
    this.#producerKey = producerKey;
    this.#producerId = producerId;
  }

  static async of(topicId: TopicId, index: number, owner: Owner = ANYBODY): Promise<Device> {
    const producerKey = index.toString(16).padStart(32, "0") as ProducerKey;
    return new Device(topicId, producerKey, await producerIdOf({ ...owner, producerKey }));
  }

  /** A run of batches of about `bytes` each, in records of 100. */
  request(bytes: number, batches = 1): Uint8Array {
    const chain = this.#chain;
    const run = Array.from({ length: batches }, () => this.#batch(bytes));
    const length = run.reduce((sum, batch) => sum + batch.length, 0);
    const place = { topicId: this.#topicId, partition: 0, leaderEpoch: null, producerKey: this.#producerKey };
    const head: ProduceHead = { partitions: [{ ...place, chain, bytes: length }] };
    return writeEnvelope(head, run);
  }

  #batch(bytes: number): Uint8Array {
    const encoder = new RecordBatchEncoder();
    const value = new Uint8Array(RECORD_BYTES).fill(this.#sequence);
    const timestamp = 1_800_000_000_000;
    do encoder.append({ key: null, value, timestamp });
    while (encoder.byteLength + RECORD_BYTES + RECORD_OVERHEAD_BYTES_MAX <= bytes);
    const batch = encoder.finish({ crc: false });
    const crc = seal(batch, 0, { producerId: this.#producerId, baseSequence: this.#sequence });
    this.#sequence += encoder.count;
    this.#chain = nextChain(this.#chain, crc);
    return batch;
  }
}

/** The same with each request. */
interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Seconds until each connection has sent its bodies, one after the other, and had all its answers. */
export async function send(
  url: string,
  bodies: readonly (readonly Uint8Array[])[],
  { method = "POST", headers = {} }: Sending = {},
): Promise<{ readonly seconds: number; readonly answers: readonly string[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: bodies.length });
  const answers: string[] = [];
  const began = performance.now();
  const connections = bodies.map(async (own) => {
    for (const body of own) answers.push(await exchange({ agent, url, method, headers, body }));
  });
  await Promise.all(connections);
  const seconds = (performance.now() - began) / 1000;
  agent.destroy();
  return { seconds, answers };
}

interface Exchange extends Required<Sending> {
  readonly agent: Agent;
  readonly url: string;
  readonly body: Uint8Array;
}

function exchange({ agent, url, method, headers: more, body }: Exchange): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/vnd.strandline.v1", "content-length": body.length, ...more };
    const sent = httpRequest(url, { agent, method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("error", reject).on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${response.statusCode ?? 0}: ${text}`));
      });
    });
    sent.on("error", reject).end(body);
  });
}

/** A refusal answers 200 too: a benchmark of refusals would be fast. */
export function demandStored(answers: readonly string[]): void {
  for (const text of answers) {
    const error = (JSON.parse(text) as ProduceAnswer).partitions[0]?.error;
    if (error !== null) throw new Error(`not stored: ${text}`);
  }
}
