/** A topic whose records have a type: what does not fit is not sent, and what others sent that does not fit is set aside. */
import { Strandline, topic } from "strandline";
import { z } from "zod";

const orders = topic("orders", { value: z.object({ item: z.string(), amount: z.number().int().positive() }) });

const strandline = new Strandline();
const producer = strandline.producer();
await producer.send({ topic: "orders", messages: [{ key: "k1", value: "sent by an older version" }] });
await producer.send({ topic: orders, messages: [{ key: "k1", value: { item: "pear", amount: 3 } }] });
await producer
  .send({ topic: orders, messages: [{ key: "k1", value: { item: "plum", amount: -1 } }] })
  .catch((error: Error) => console.log(`refused: ${error.message}`));

const consumer = strandline.consumer<typeof orders>();
await consumer.subscribe({
  topic: orders,
  fromBeginning: true,
  onInvalid: ({ message, issues }) => console.log(`set aside: ${message.text()}, ${issues[0]?.message}`),
});
for await (const { data } of consumer) {
  console.log(`${data.amount} of ${data.item}`);
  break;
}
