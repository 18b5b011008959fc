/** The page that `npm start` serves: one topic, one producer, one consumer, and a switch for the network. */
import { Strandline } from "strandline";
import { Letters } from "./letters.ts";
import { attempt, complain, element, say } from "./page.ts";
import { Rows } from "./rows.ts";
import { Sent } from "./sent.ts";
import { Status } from "./status.ts";

const TOPIC = "playground";
/** Takes no record above a kilobyte, so that there is something to be refused. */
const SMALL = "playground-small";
const BULK = 1_000;

/** This page's own server, or another broker: `?edge=http://localhost:8788`. */
const url = new URLSearchParams(location.search).get("edge") ?? location.origin;
const strandline = new Strandline({ url, retry: { initialRetryTime: 200, maxRetryTime: 2_000 } });
const producer = strandline.producer();
const sent = new Sent();
const letters = new Letters(strandline, sent);
const status = new Status(strandline);

async function send(
  topic: string,
  messages: readonly { readonly key: string; readonly value: string }[],
): Promise<void> {
  const stored = await producer.send({ topic, messages });
  for (const part of stored) sent.add(part, messages[0] ?? { key: "", value: "" });
  await status.show();
}

/** The topic has to say what it does not take, so this needs the edge; the record itself would wait for it. */
async function sendTooLarge(key: string): Promise<void> {
  const configEntries = [{ name: "max.message.bytes", value: "1024" }];
  await strandline
    .admin()
    .createTopics({ topics: [{ topic: SMALL, numPartitions: 1, configEntries }], timeout: 10_000 });
  await send(SMALL, [{ key, value: "too large ".repeat(200) }]);
}

async function readTheLog(): Promise<void> {
  const rows = new Rows(element("log"), element("nothing-read"));
  let committed = 0;
  const consumer = strandline.consumer();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await consumer.run({
    eachMessage: ({ topic, partition, message }) => {
      committed += 1;
      say("committed", committed.toLocaleString());
      const place = `${topic}-${partition}@${message.offset}`;
      rows.add({ place, key: message.keyText() ?? "", value: message.text() ?? "", state: "committed" });
    },
  });
}

const key = element<HTMLInputElement>("key");
const value = element<HTMLInputElement>("value");
element("record").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(() => send(TOPIC, [{ key: key.value, value: value.value }]));
  value.select();
});
element("bulk").addEventListener("click", () => {
  const bulk = Array.from({ length: BULK }, (_, index) => ({
    key: `${key.value}${index % 10}`,
    value: `bulk ${index + 1}`,
  }));
  attempt(() => send(TOPIC, bulk));
});
element("too-large").addEventListener("click", () => attempt(() => sendTooLarge(key.value)));

for (const part of [status.show(), letters.show(), sent.watch(strandline, TOPIC), readTheLog()]) part.catch(complain);
