/** Listening to an event that there is not would be silence for ever. */
import { expect, test } from "vitest";
import { logLevel, Strandline, type LogEntry } from "../../../client/http.ts";

const lines: LogEntry[] = [];
const client = new Strandline({ logLevel: logLevel.WARN, logCreator: () => (entry) => void lines.push(entry) });

type Listening = { on(name: never, listener: () => void): () => void };

test.each<[string, Listening, string, string]>([
  ["the client", client, "sync.states", "sync.state"],
  ["a producer", client.producer(), "connected", "connect"],
  ["a consumer", client.consumer(), "crashed", "crash"],
  ["a consumer, by what every object has", client.consumer(), "toString", "crash"],
])("%s refuses %s", (_, listening, unknown, known) => {
  expect(() => listening.on(unknown as never, () => {})).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      details: { event: unknown },
      message: expect.stringMatching(new RegExp(`"${unknown}".*\\b${known}\\b`)) as string,
    }) as Error,
  );
  listening.on(known as never, () => {})();
});

test("events have KafkaJS's names, and producers and consumers the client's logger", async () => {
  const [producer, consumer] = [client.producer(), client.consumer()];
  for (const name of Object.values(producer.events)) producer.on(name, () => {});
  for (const name of Object.values(consumer.events)) consumer.on(name, () => {});
  const { CONNECT, DISCONNECT } = producer.events;
  expect([CONNECT, DISCONNECT, consumer.events.CRASH]).toEqual(["connect", "disconnect", "crash"]);
  producer.logger().warn("of a producer");
  consumer.logger().warn("of a consumer");
  producer.logger().info("below the level");
  expect(lines.map(({ log }) => log.message)).toEqual(["of a producer", "of a consumer"]);
  await client.close();
});
