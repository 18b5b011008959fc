/** A table: the latest value of each key of a topic, live and offline. Most apps want this before they want a log. */
import { Strandline } from "strandline";

interface Todo {
  readonly text: string;
  readonly done: boolean;
}

const strandline = new Strandline();
const todos = strandline.table<Todo>("todos");
todos.subscribe(() => void todos.entries().then((entries) => console.log(JSON.stringify(entries))));

const producer = strandline.producer();
const put = async (key: string, value: Todo | null): Promise<unknown> =>
  await producer.send({ topic: "todos", messages: [{ key, value }] });
await put("a", { text: "buy pears", done: false });
await put("b", { text: "buy plums", done: false });
await put("a", { text: "buy pears", done: true });
await put("b", null);
