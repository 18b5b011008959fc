/** A Worker that sends and reads through `strandline/http`, one client for each request. */
import { Strandline } from "../../client/http.ts";
import { Strandline as InBrowser } from "../../client/index.ts";

interface Env {
  readonly EDGE: string;
  readonly TOPIC: string;
}

interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

/** At the top of a module Workers forbid timers, fetch and chance: making a client, a producer and a consumer needs none. */
const idle = new Strandline({ url: "https://edge.example" });
const inBrowser = new InBrowser({ url: "https://edge.example" });
const idleParts = [idle, inBrowser].flatMap((client) => [
  client.producer(),
  client.consumer({ groupId: "idle" }),
  client.admin(),
]);

export default {
  async fetch(request: Request, env: Env, context: Context): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === "/") return Response.json(idleParts.length);
    const client = new Strandline({ url: env.EDGE });
    try {
      if (url.pathname === "/send") {
        await client.producer().send({ topic: env.TOPIC, messages: [{ key: "k", value: url.search.slice(1) }] });
        return Response.json("stored");
      }
      if (url.pathname === "/acked") {
        const value = url.search.slice(1);
        const [sent] = await client.producer().send({ topic: env.TOPIC, acks: -1, messages: [{ key: "k", value }] });
        return Response.json(sent?.baseOffset);
      }
      return Response.json(await read(client, env.TOPIC, Number(url.searchParams.get("count"))));
    } finally {
      context.waitUntil(client.close());
    }
  },
};

async function read(client: Strandline, topic: string, count: number): Promise<(string | null)[]> {
  const consumer = client.consumer();
  await consumer.subscribe({ topic, fromBeginning: true });
  const values: (string | null)[] = [];
  for await (const message of consumer) {
    values.push(message.text());
    if (values.length === count) break;
  }
  return values;
}
