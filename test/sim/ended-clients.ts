/**
 * Whole clients, page and worker, over a simulated edge: two of one device, which do everything at once until one of them
 * is ended at a random moment, by `close`, `logout` or `destroy`. What was promised before has to settle, nothing may go on
 * after it, and what was acknowledged is at the edge, among the letters, on the device, or counted.
 */
import { InProcessLine } from "../../client/in-process-line.ts";
import { DeviceNews } from "../../client/device-news.ts";
import { MemoryStore } from "../../client/log/memory-store.ts";
import { openDevice } from "../../client/log/open-device.ts";
import { logLevel } from "../../client/page/logger.ts";
import { loadParts } from "../../client/page/parts.ts";
import { StrandlineClient } from "../../client/strandline.ts";
import { startSync } from "../../client/sync/sync.ts";
import { systemClock } from "../../client/web-ports.ts";
import type { Device } from "../../client/worker/device.ts";
import { storedSettings } from "../../client/worker/settings.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { valuesOf } from "../client/log/log-fixture.ts";
import { MemoryLocks } from "../client/memory-locks.ts";
import { Faults } from "./faults.ts";
import { SeededRandom } from "./seeded-random.ts";
import { RETRY, World } from "./simulated-device.ts";
import { Freezer, SimulatedChannels } from "./simulated-freezer.ts";
import { StoreHandle } from "./store-handle.ts";
import { Line, violations, wordsOf } from "./sync-history.ts";

const PLACES = ["orders-0", "orders-1"] as const;
const STEPS_MAX = 40;
const STEP_MS_MAX = 300;
/** Of virtual time, and turns of the real one: the page's own timers are real. */
const SETTLES_WITHIN = { turns: 2_000, ms: 500 };

export const ENDINGS = ["close", "logout", "discard", "destroy"] as const;
export type Ending = (typeof ENDINGS)[number];

interface Promised {
  readonly what: string;
  /** `open`, `done`, the code it was refused with, or `!` and what no error should be. */
  state: string;
}

export class EndedClients {
  readonly ending: Ending;
  readonly happened = new Map<string, number>();
  readonly #random: SeededRandom;
  readonly #world: World;
  readonly #faults: Faults;
  readonly #line = new Line();
  readonly #promised: Promised[] = [];
  readonly #store = new MemoryStore();
  readonly #shared = { locks: new MemoryLocks(), channels: new SimulatedChannels() };
  readonly #opened = new Set<StrandlineClient>();
  #values = 0;
  #deleted = false;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#world = new World(seed + 1_000_000);
    this.#faults = new Faults(new SeededRandom(seed + 2_000_000));
    this.ending = this.#random.pick(ENDINGS);
  }

  /** What went wrong; nothing, where all is well. */
  async run(): Promise<string[]> {
    const { edge, network, clock } = this.#world;
    edge.makeTopic("orders", 2);
    for (const place of PLACES) this.#faults.attach(edge.partition(place));
    network.latencyMs = () => 5 + this.#random.next() * 60;
    network.disturb = (seen) => this.#faults.disturb(seen);
    await loadParts();
    const clients = [this.#client(), this.#client()];
    const steps = this.#random.below(STEPS_MAX);
    for (let step = 0; step < steps; step += 1) {
      this.#act(this.#random.pick(clients));
      if (this.#random.chance(0.06)) this.#toggleOffline();
      // What is ended may be under way in any state: not every step comes to rest.
      if (this.#random.chance(0.6)) await clock.advance(this.#random.next() * STEP_MS_MAX);
      else for (let turn = this.#random.below(12); turn > 0; turn -= 1) await Promise.resolve();
    }
    const [ended, other] = this.#random.chance(0.5) ? clients : clients.toReversed();
    if (ended === undefined || other === undefined) throw new Error("no clients");
    const found: string[] = [];
    // One that opens meanwhile is as one that opens later.
    const late = clients.filter((client) => !this.#opened.has(client));
    const counted = this.#end(ended);
    for (let left = this.#random.below(4); left > 0; left -= 1) this.#act(this.#random.pick(clients));
    await this.#settled(counted);
    if (this.ending === "close" || late.includes(other)) await this.#settled(other.close());
    await this.#settled(this.#world.clock.settle());
    found.push(...this.#promised.flatMap(({ what, state }) => (state === "open" ? [`never settled: ${what}`] : [])));
    found.push(...this.#promised.flatMap(({ what, state }) => (state.startsWith("!") ? [`${what}: ${state}`] : [])));
    for (const client of clients) found.push(...(await this.#refuses(client)));
    found.push(...(await this.#isQuiet()), ...(await this.#nothingLost(await counted)));
    return found;
  }

  #client(): StrandlineClient {
    const options = { url: "http://edge.test", persist: false, logLevel: logLevel.NOTHING };
    const client: StrandlineClient = new StrandlineClient(options, (parts) => {
      const openDevice = async (): Promise<Device> => {
        const device = await this.#device();
        const paused = async (): Promise<boolean> => {
          this.#opened.add(client);
          return false;
        };
        return { ...device, settings: { ...device.settings, paused } };
      };
      return new InProcessLine({ ...parts, openDevice });
    });
    return client;
  }

  async #device(): Promise<Device> {
    const { clock, network, edge } = this.#world;
    const { locks, channels } = this.#shared;
    // As another tab finds it.
    if (this.#deleted) throw new StrandlineError("STORE_FAILED", "the database was deleted");
    const store = new StoreHandle(this.#store);
    const random = new SeededRandom(this.#random.below(2 ** 31));
    const log = await openDevice({ store, clock, random, ...edge.caller, local: null });
    const news = new DeviceNews(channels.join(new Freezer()), clock);
    const sync = startSync({
      ...{ ...log, ...edge.caller, locks, news, clock, random, retry: RETRY, paused: false, tail: null },
      lockName: "strandline:ended:sync",
      rootProducerKey: log.device.rootProducerKey,
      transport: network.connect("device"),
      listener: {
        settled: (ref) => news.publish({ type: "settled", refs: [ref] }),
        replicated: (refs) => news.publish({ type: "replicated", refs }),
        learned: () => news.publish({ type: "learned" }),
        event: (event) => news.publish({ type: "event", event }),
      },
    });
    const close = async (): Promise<void> => {
      await sync.close();
      news.close();
      store.close();
    };
    const discard = async (): Promise<number> => {
      await close();
      this.#deleted = true;
      return await this.#empty();
    };
    const { localLog, outbox, replica, own, catalog, topicAdmin } = log;
    const faces = { store, localLog, outbox, replica, own, catalog, topicAdmin, news, locks, clock, random, sync };
    const storageReport = (): Promise<never> => Promise.reject(new StrandlineError("UNSUPPORTED_OPERATION", ""));
    const readThrough = () => sync.reader();
    return { database: "ended", ...faces, readThrough, settings: storedSettings(store), storageReport, close, discard };
  }

  /** As the deletion of a database does it: nobody has it any more, and what waits is counted. */
  async #empty(): Promise<number> {
    this.#store.close();
    const left = this.#store.snapshot();
    const { clock, edge } = this.#world;
    const parts = { store: left, clock, random: new SeededRandom(1), ...edge.caller, local: null };
    const { outbox } = await openDevice(parts);
    return (await outbox.waiting()).reduce((sum, { records }) => sum + records, 0);
  }

  #toggleOffline(): void {
    const { offline } = this.#world.network;
    if (!offline.delete("device")) offline.add("device");
    this.#count("offline");
  }

  #count(what: string): void {
    this.happened.set(what, (this.happened.get(what) ?? 0) + 1);
  }

  #promise(what: string, promise: Promise<unknown>): void {
    const promised: Promised = { what, state: "open" };
    this.#promised.push(promised);
    this.#count(what);
    promise.then(
      () => (promised.state = "done"),
      (error: unknown) => (promised.state = error instanceof StrandlineError ? error.code : `!${String(error)}`),
    );
  }

  #act(client: StrandlineClient): void {
    const draw = this.#random.next();
    if (draw < 0.55) this.#send(client, this.#random.pick([1, 1, 1, -1, 0] as const));
    else if (draw < 0.63) this.#promise("flush", client.sync.flush({ timeout: 50 }));
    else if (draw < 0.7) this.#promise("consume", this.#consume(client));
    else if (draw < 0.78) this.#table(client);
    else if (draw < 0.84) this.#promise("status", client.sync.status());
    else if (draw < 0.9) this.#promise("letters", client.deadLetters.list());
    else if (draw < 0.94) this.#promise("retry", this.#retry(client));
    else if (draw < 0.97) this.#promise("follow", client.follow("orders"));
    else this.#promise("topics", client.admin().listTopics());
  }

  #send(client: StrandlineClient, acks: -1 | 0 | 1): void {
    const partition = this.#random.below(2);
    this.#values += 1;
    const key = `orders-${partition}/k${this.#random.below(2)}`;
    const value = `${key}.${this.#values}${this.#random.chance(0.08) ? "!" : ""}`;
    const sent = client.producer().send({ topic: "orders", messages: [{ key, value, partition }], acks, timeout: 50 });
    const stored = sent.then((all) => {
      if (acks !== 0) this.#line.acked.push(value);
      const receipt = all[0]?.receipt;
      if (receipt !== undefined && this.#random.chance(0.3)) this.#promise("synced", receipt.synced);
    });
    this.#promise(`send ${acks}`, stored);
  }

  async #consume(client: StrandlineClient): Promise<void> {
    const consumer = client.consumer({ groupId: "g", maxWaitTimeInMs: 20 });
    await consumer.subscribe({ topic: "orders", fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => void message.text() });
    if (this.#random.chance(0.5)) await consumer.disconnect();
  }

  #table(client: StrandlineClient): void {
    const table = client.table("orders");
    this.#promise("ready", table.ready);
    this.#promise("complete", table.complete);
    this.#promise("size", table.size());
    if (this.#random.chance(0.3)) this.#promise("table closed", table.close());
  }

  async #retry(client: StrandlineClient): Promise<void> {
    const letters = await client.deadLetters.list();
    await client.deadLetters.retry(letters.slice(0, 1));
  }

  /** How many are told to be lost or waiting; null: it does not say. */
  #end(client: StrandlineClient): Promise<number | null> {
    this.#count(this.ending);
    if (this.ending === "close") return client.close().then(() => null);
    const ending = this.ending === "destroy" ? client.destroy() : client.logout({ discard: this.ending === "discard" });
    this.#promise(this.ending, ending);
    return ending.then(({ unsyncedRecords }) => unsyncedRecords);
  }

  /** Lets both times pass until it has settled and nothing that was promised is open, or for as long as may be. */
  async #settled(wanted: Promise<unknown>): Promise<void> {
    let done = false;
    const end = (): void => void (done = true);
    wanted.then(end, end);
    const isOpen = (): boolean => !done || this.#promised.some(({ state }) => state === "open");
    for (let turn = 0; turn < SETTLES_WITHIN.turns && isOpen(); turn += 1) {
      await this.#world.clock.advance(SETTLES_WITHIN.ms);
      await systemClock.sleep(1);
    }
  }

  async #refuses(client: StrandlineClient): Promise<string[]> {
    const said = await client.sync.status().then(
      () => "answers",
      (error: unknown) => (error instanceof StrandlineError ? error.code : String(error)),
    );
    return said === "CLOSED" ? [] : [`after ${this.ending} a client ${said}`];
  }

  /** Requests that were under way may be told to have been; none is made. */
  async #isQuiet(): Promise<string[]> {
    const { network, clock } = this.#world;
    const before = network.seen.length;
    await clock.advance(120_000);
    return network.seen.length === before ? [] : [`${network.seen.length - before} requests after ${this.ending}`];
  }

  async #nothingLost(counted: number | null): Promise<string[]> {
    const { edge, clock, network } = this.#world;
    const gone = this.ending === "discard" || this.ending === "destroy";
    this.#faults.intensity = 0;
    network.disturb = () => null;
    network.offline.clear();
    const store = this.#store.snapshot();
    if (gone) {
      const { outbox } = await openDevice({ store, clock, random: new SeededRandom(1), ...edge.caller, local: null });
      const dead = new Set((await outbox.deadLetters(1e6)).flatMap(({ bytes }) => wordsOf(valuesOf(bytes))));
      const logged = new Set(PLACES.flatMap((place) => wordsOf(edge.log(place))));
      const lost = this.#line.acked.filter((value) => !logged.has(value) && !dead.has(value));
      return lost.length > (counted ?? 0) ? [`${lost.length} lost, ${counted} counted: ${lost.join(" ")}`] : [];
    }
    // The next start, under the locks that were left.
    const tab = await this.#world.open("device", { store, ...this.#shared });
    await tab.drained(120_000).catch(() => undefined);
    // Letters that were sent again change places, and what two tabs send at once is in no order.
    const found = (await violations(edge, PLACES, [{ line: this.#line, tab }])).filter(
      (one) => !one.startsWith("inverted"),
    );
    if (await tab.waits()) found.push(`waits still after ${this.ending}`);
    await tab.sync.close();
    return found;
  }
}
