/** The same producer on a server, without a browser: `node server.ts http://localhost:8787`. What it acks, the edge holds. */
import { Strandline } from "strandline/http";

const strandline = new Strandline({ url: process.argv[2] ?? "http://localhost:8787" });
const producer = strandline.producer();
const messages = ["pear", "plum"].map((item) => ({ key: "k1", value: { item } }));

const sent = await producer.send({ topic: "orders", messages, acks: "all" });
for (const { topicName, partition, baseOffset, count } of sent)
  console.log(`${count} records at ${topicName}-${partition}@${baseOffset}`);

await strandline.close();
