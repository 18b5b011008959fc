/**
 * The worker's entry, and the only file that builds the graph: store, log, sync, and what the page may call.
 */
import { expose, transfer } from "comlink";
import { StrandlineError } from "../shared/strandline-error.ts";
import { transferErrors } from "./comlink-errors.ts";
import { openWorkerDevice } from "./worker-graph.ts";
import { cryptoRandom, webLocks } from "./web-ports.ts";
import type { WorkerApi, WorkerEvent, WorkerOptions } from "./worker-api.ts";
import { WorkerCore } from "./worker-core.ts";
import { holdLife, lifeLockName } from "./worker-life.ts";

let opened: WorkerCore | null = null;

function core(): WorkerCore {
  if (opened === null) throw new StrandlineError("CLOSED", "this worker is not open");
  return opened;
}

async function open(
  options: WorkerOptions,
  tellPage: (event: WorkerEvent) => void,
  askToken: (() => Promise<string>) | null,
): Promise<{ database: string; lifeLock: string }> {
  if (opened !== null) throw new StrandlineError("INVALID_ARGUMENT", "this worker is open already");
  const locks = webLocks();
  const lifeLock = lifeLockName(
    Array.from(cryptoRandom.bytes(16), (byte) => byte.toString(16).padStart(2, "0")).join(""),
  );
  await holdLife(locks, lifeLock);
  const device = await openWorkerDevice(options, { locks, askToken });
  opened = new WorkerCore(device, { options, tellPage, paused: await device.settings.paused() });
  return { database: device.database, lifeLock };
}

/** Comlink calls by name; buffers on their way to the page are handed over, not copied. */
const api: WorkerApi = {
  open,
  append: (pack) => core().append(pack),
  partitionCount: (topic, options) => core().partitionCount(topic, options),
  receipt: (topic, partition, localSequence, timeoutMs) => core().receipt(topic, partition, localSequence, timeoutMs),
  openConsumer: (options) => core().openConsumer(options),
  async poll(consumer, options) {
    const runs = await core().poll(consumer, options);
    return transfer(
      runs,
      runs.map(({ buffer }) => buffer),
    );
  },
  commit: (consumer, offsets) => core().commit(consumer, offsets),
  seek: (consumer, position) => core().seek(consumer, position),
  nudge: (consumer) => core().nudge(consumer),
  closeConsumer: (consumer, commit) => core().closeConsumer(consumer, commit),
  createTopic: (name, partitionCount, config) => core().createTopic(name, partitionCount, config),
  topics: (names) => core().topics(names),
  async deadLetters(limit) {
    const letters = await core().deadLetters(limit);
    return transfer(
      letters,
      letters.map(({ buffer }) => buffer),
    );
  },
  setPaused: (paused) => core().setPaused(paused),
  status: () => core().status(),
  logout: (discard) => core().logout(discard),
  hint: () => core().hint(),
  close: () => core().close(),
};

transferErrors("convert");
expose(api);
