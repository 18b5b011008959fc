/** Lines over real connections: cut in the middle, and read by nobody until all is sent. */
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RecordsAnswer } from "../../shared/api/records.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

let dir: Awaited<ReturnType<typeof tempDir>>;
let broker: Workerd;
let topics = 0;

beforeAll(async () => {
  dir = await tempDir("record-stream");
  broker = await startBroker({ dir: dir.path });
});
afterAll(async () => {
  await broker.kill();
  await dir.remove();
});

async function newTopic(): Promise<string> {
  topics += 1;
  const body = JSON.stringify({ name: `topic-${topics}`, partitionCount: 1 });
  const answer = await fetch(`${broker.url}/v1/topics`, { method: "POST", body });
  expect(answer.status).toBe(201);
  return `topic-${topics}`;
}

async function valuesOf(topic: string): Promise<(string | null | undefined)[]> {
  const answer = await fetch(`${broker.url}/v1/topics/${topic}/partitions/0/records`);
  return ((await answer.json()) as RecordsAnswer).records.map(({ value }) => value);
}

async function open(topic: string, framing: string): Promise<Socket> {
  const socket = connect(broker.port, "127.0.0.1");
  await new Promise((connected) => socket.once("connect", connected));
  socket.write(
    `POST /v1/topics/${topic}/records HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\n${framing}\r\n\r\n`,
  );
  return socket;
}

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

async function untilHeard(socket: Socket, text: string): Promise<void> {
  let heard = "";
  for await (const part of socket.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    heard += String(part);
    if (heard.includes(text)) return;
  }
  throw new Error(`the connection ended: ${heard}`);
}

describe("a connection that is cut keeps the whole lines before, and no part of one:", () => {
  const [first, second] = ['{"value":"a"}\n', '{"value":"b"}\n{"value":"c"}'];
  test.each([
    ["chunks", "transfer-encoding: chunked", chunk(first), chunk(second)],
    ["a stated length", "content-length: 1000", first, second],
  ])("%s", async (_name, framing, one, two) => {
    const topic = await newTopic();
    const socket = await open(topic, framing);
    socket.write(one);
    await untilHeard(socket, '"line":1');
    await new Promise((written) => socket.write(two, written));
    socket.destroy();
    await expect.poll(() => valuesOf(topic)).toEqual(["a", "b"]);
    await new Promise((later) => setTimeout(later, 200));
    expect(await valuesOf(topic)).toEqual(["a", "b"]);
  });
});

test("a sender that reads nothing before it has sent all hears of every line", async () => {
  const topic = await newTopic();
  const count = 50_000;
  const socket = await open(topic, "transfer-encoding: chunked\r\nconnection: close");
  for (let line = 0; line < count; line += 1_000) {
    const lines = Array.from({ length: 1_000 }, (_, index) => `{"value":"${line + index}"}\n`).join("");
    await new Promise((written) => socket.write(chunk(lines), written));
  }
  socket.write(chunk(""));
  let heard = "";
  for await (const part of socket.setEncoding("utf8")) heard += String(part);
  const reports = heard.match(/\{"line":\d+,"partition":0,"offset":\d+\}/g) ?? [];
  expect(heard).toMatch(/^HTTP\/1.1 200/);
  expect(reports.at(-1)).toBe(`{"line":${count},"partition":0,"offset":${count - 1}}`);
});
