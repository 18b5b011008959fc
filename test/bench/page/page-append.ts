/** The client from the page: strings in, strict on disk. */
import type { Producer } from "../../../client/index.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Texts of `chars` ASCII characters, made before the clock runs. */
export function texts(count: number, chars: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    let text = String(index);
    while (text.length < chars) text += ALPHABET[(text.length * 7 + index) % ALPHABET.length];
    return text;
  });
}

export interface AppendLoad {
  readonly topic: string;
  readonly values: readonly string[];
  readonly perSend: number;
}

/** Milliseconds until all are acknowledged; the sends are made one per task, and not waited for in between. */
export async function measurePageAppend(producer: Producer, { topic, values, perSend }: AppendLoad): Promise<number> {
  const sends: { value: string; partition: number }[][] = [];
  for (let at = 0; at < values.length; at += perSend)
    sends.push(values.slice(at, at + perSend).map((value) => ({ value, partition: 0 })));
  const began = performance.now();
  const acked: Promise<unknown>[] = [];
  for (const messages of sends) {
    acked.push(producer.send({ topic, messages }));
    await nextTask();
  }
  await Promise.all(acked);
  return performance.now() - began;
}

/** Milliseconds of each of `values.length` lone sends. */
export async function measureLoneSends(
  producer: Producer,
  { topic, values }: Pick<AppendLoad, "topic" | "values">,
): Promise<number[]> {
  const times: number[] = [];
  for (const value of values) {
    const began = performance.now();
    await producer.send({ topic, messages: [{ value, partition: 0 }] });
    times.push(performance.now() - began);
  }
  return times;
}

/** Milliseconds until `values.length` sends of one record each, made at once, are all acknowledged. */
export async function measureSendsAtOnce(
  producer: Producer,
  { topic, values }: Pick<AppendLoad, "topic" | "values">,
): Promise<number> {
  const began = performance.now();
  await Promise.all(values.map((value) => producer.send({ topic, messages: [{ value, partition: 0 }] })));
  return performance.now() - began;
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(null);
  });
}
