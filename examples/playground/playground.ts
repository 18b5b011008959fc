/** The page that `npm start` serves: one topic, one producer, one consumer, and a switch for the network. */
import { Strandline, StrandlineError, type OutboxStatus, type Receipt } from "strandline";
import { Rows } from "./rows.ts";

const TOPIC = "playground";
const BULK = 1_000;
const STATUS_MS = 250;

/** This page's own server, or another broker: `?edge=http://localhost:8788`. */
const edge = new URLSearchParams(location.search).get("edge") ?? location.origin;
const strandline = new Strandline({ url: edge, retry: { initialRetryTime: 200, maxRetryTime: 2_000 } });
const producer = strandline.producer();

function element<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as Kind;
}

const sent = new Rows(element("sent"), element("nothing-sent"));
const log = new Rows(element("log"), element("nothing-read"));
let committed = 0;

function complain(error: unknown): void {
  const problem = element("problem");
  problem.hidden = false;
  problem.textContent = error instanceof StrandlineError ? `${error.code}: ${error.message}` : String(error);
}

/** Pending the moment it is on this device's disk, its offset the moment the edge has answered. */
async function send(messages: readonly { readonly key: string; readonly value: string }[]): Promise<void> {
  try {
    const stored = await producer.send({ topic: TOPIC, messages });
    element("problem").hidden = true;
    const [only] = messages;
    if (messages.length === 1 && only !== undefined && stored[0] !== undefined) void follow(stored[0].receipt, only);
    else
      for (const part of stored)
        void follow(part.receiptOf(part.count - 1), { key: `${part.count} records`, value: "the last of them" });
    await showStatus();
  } catch (error) {
    complain(error);
  }
}

async function follow(
  receipt: Receipt,
  { key, value }: { readonly key: string; readonly value: string },
): Promise<void> {
  const row = sent.add({ place: `${receipt.id} pending`, key, value, state: "pending" });
  try {
    const { topic, partition, offset } = await receipt.synced;
    sent.update(row, { place: `${topic}-${partition}@${offset ?? "?"}`, state: "committed" });
  } catch (error) {
    sent.update(row, { place: error instanceof StrandlineError ? error.code : "refused", state: "dead" });
  }
}

async function readTheLog(): Promise<void> {
  const consumer = strandline.consumer();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      committed += 1;
      const key = message.key === null ? "" : new TextDecoder().decode(message.key);
      log.add({
        place: `${topic}-${partition}@${message.offset}`,
        key,
        value: message.text() ?? "",
        state: "committed",
      });
    },
  });
}

function describe({ paused, online, leader, pendingRecords }: OutboxStatus): string {
  const waiting = pendingRecords === 0 ? "nothing waits" : `${pendingRecords.toLocaleString()} wait`;
  if (paused) return `switched off here, ${waiting}`;
  if (!leader) return `another tab syncs for this device, ${waiting}`;
  return online ? `connected, ${waiting}` : `the edge cannot be reached, ${waiting}`;
}

async function showStatus(): Promise<void> {
  const status = await strandline.sync.status();
  element("waiting").textContent = status.pendingRecords.toLocaleString();
  element("dead").textContent = status.deadLetters.toLocaleString();
  element("committed").textContent = committed.toLocaleString();
  element("network").setAttribute("aria-checked", String(!status.paused));
  const said = describe(status);
  if (element("state").textContent !== said) element("state").textContent = said;
}

async function switchNetwork(): Promise<void> {
  const { paused } = await strandline.sync.status();
  await (paused ? strandline.sync.resume() : strandline.sync.pause());
  await showStatus();
}

element<HTMLFormElement>("record").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = element<HTMLInputElement>("key").value;
  const value = element<HTMLInputElement>("value");
  void send([{ key, value: value.value }]);
  value.select();
});
element("bulk").addEventListener("click", () => {
  const key = element<HTMLInputElement>("key").value;
  void send(Array.from({ length: BULK }, (_, index) => ({ key: `${key}${index % 10}`, value: `bulk ${index + 1}` })));
});
element("network").addEventListener("click", () => void switchNetwork().catch(complain));
setInterval(() => void showStatus().catch(complain), STATUS_MS);

await showStatus().catch(complain);
await readTheLog().catch(complain);
