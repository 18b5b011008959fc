"use client";
/**
 * `strandline/react`: a topic, a table and the state of sync as values of a component. Nothing is opened while a server
 * renders; what a component opened ends with it, also where StrictMode mounts it twice.
 */
import { createContext, createElement, useContext, useMemo, useSyncExternalStore, type ReactNode } from "react";
import type { OutboxStatus } from "./calls/outbox-calls.ts";
import type { Admin } from "./page/admin/admin.ts";
import type { ReceivedMessage } from "./page/received-message.ts";
import type { DecodedTopic } from "./page/table.ts";
import type { StrandlineClient } from "./strandline.ts";
import { NO_LAG, shownLag, type ShownLag, type UseLagOptions } from "./page/shown-lag.ts";
import { cryptoRandom, pageIsVisible, pageLifecycle, systemClock } from "./web-ports.ts";

export type { ShownLag, UseLagOptions };

const TOPIC_LIMIT = 100;
/** A dead letter that another tab discards has no event. */
const STATUS_LOOK_MS = 15_000;
const STATUS_EVENTS = ["sync.progress", "sync.state", "records.settled", "record.dead"] as const;

export interface UseTopicOptions {
  /** The latest so many records are kept; 100 by default. */
  readonly limit?: number;
  readonly fromBeginning?: boolean;
}

/** What `strandline.table(topic)` answers, as far as it is needed here. */
export interface TableLike<Snapshot> {
  /** Rejects where the table cannot be read. */
  readonly ready?: Promise<void>;
  /** Returns the way to stop listening. */
  subscribe(listener: () => void): () => void;
  /** The same object until something changed. */
  snapshot(): Snapshot;
  close?(): Promise<void>;
}

/** What opens tables: a `Strandline`. */
export interface TableOpener<Topic, Snapshot> {
  table(topic: Topic): TableLike<Snapshot>;
}

/** A value that a component shows, and what keeps it up to date while somebody looks. */
interface Shown<Value> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly snapshot: () => Value;
  readonly first: () => Value;
}

const Context = createContext<StrandlineClient | null>(null);

export function StrandlineProvider(props: {
  readonly client: StrandlineClient;
  readonly children?: ReactNode;
}): ReactNode {
  return createElement(Context.Provider, { value: props.client }, props.children);
}

/** The client of the nearest `StrandlineProvider`. */
export function useStrandline(): StrandlineClient {
  const client = useContext(Context);
  if (client === null) throw new Error("useStrandline: there is no StrandlineProvider above this component");
  return client;
}

/**
 * The latest records of a topic, in the order in which they came. Begins with those that come from now on, or with the
 * first. Throws, to the nearest error boundary, where the topic cannot be read.
 */
export function useTopic(
  client: StrandlineClient,
  topic: string,
  { limit = TOPIC_LIMIT, fromBeginning = false }: UseTopicOptions = {},
): readonly ReceivedMessage[] {
  return useShown(
    useMemo(() => shownTopic(client, { topic, limit, fromBeginning }), [client, topic, limit, fromBeginning]),
  );
}

/**
 * The snapshot of a table that you have opened, or of the topic's, which is opened while the component is shown. Null until it
 * is known. Throws, to the nearest error boundary, where the table cannot be read.
 */
export function useTable<Snapshot>(table: TableLike<Snapshot>): Snapshot | null;
export function useTable<Value = unknown>(
  client: Pick<StrandlineClient, "table">,
  topic: string | DecodedTopic<Value>,
): ReadonlyMap<string, Value> | null;
export function useTable<Topic, Snapshot>(client: TableOpener<Topic, Snapshot>, topic: Topic): Snapshot | null;
export function useTable<Topic, Snapshot>(
  from: TableLike<Snapshot> | TableOpener<Topic, Snapshot>,
  topic?: Topic,
): Snapshot | null {
  return useShown(
    useMemo(() => {
      if ("table" in from) return shownTable(() => from.table(topic as Topic), true);
      return shownTable(() => from, false);
    }, [from, topic]),
  );
}

/** Null until it is known. */
export function useSyncStatus(client: StrandlineClient): OutboxStatus | null {
  return useShown(useMemo(() => shownStatus(client), [client]));
}

type LagClient = Pick<StrandlineClient, "admin">;

/**
 * How far a group is behind, asked for again and again while the page is visible. What was heard last stays while no answer
 * comes. Of the client that is given, or of the nearest `StrandlineProvider`. Throws `INVALID_ARGUMENT` for options that are wrong.
 */
export function useLag(groupId: string, options?: UseLagOptions): ShownLag;
export function useLag(client: LagClient, groupId: string, options?: UseLagOptions): ShownLag;
export function useLag(
  first: LagClient | string,
  second: UseLagOptions | string = {},
  third: UseLagOptions = {},
): ShownLag {
  const context = useContext(Context);
  const client = typeof first === "string" ? context : first;
  const [groupId, options] = typeof second === "string" ? [second, third] : [first as string, second];
  const { coordinator, intervalMs } = options;
  if (client === null) throw new Error("useLag: there is no StrandlineProvider above this component");
  return useShown(
    useMemo(() => {
      const ports = { clock: systemClock, random: cryptoRandom, lifecycle: pageLifecycle(), isVisible: pageIsVisible };
      const admin = (): Pick<Admin, "lag"> => client.admin();
      return { ...shownLag({ ...ports, admin }, groupId, { coordinator, intervalMs }), first: () => NO_LAG };
    }, [client, groupId, coordinator, intervalMs]),
  );
}

function useShown<Value>({ subscribe, snapshot, first }: Shown<Value>): Value {
  return useSyncExternalStore(subscribe, snapshot, first);
}

const NO_MESSAGES: readonly ReceivedMessage[] = [];

function shownTopic(
  client: StrandlineClient,
  { topic, limit, fromBeginning }: Required<UseTopicOptions> & { readonly topic: string },
): Shown<readonly ReceivedMessage[]> {
  let messages = NO_MESSAGES;
  let failure: { readonly error: unknown } | null = null;
  const subscribe = (listener: () => void): (() => void) => {
    const consumer = client.consumer();
    let ended = false;
    messages = NO_MESSAGES;
    failure = null;
    const eachBatch = async ({ batch }: { readonly batch: { readonly messages: readonly ReceivedMessage[] } }) => {
      if (ended) return;
      messages = [...messages, ...batch.messages].slice(-limit);
      listener();
    };
    const opening = (async () => {
      await consumer.subscribe({ topic, fromBeginning });
      // StrictMode has unmounted it by now and mounted another.
      if (!ended) await consumer.run({ eachBatch });
    })().catch((error: unknown) => {
      failure = { error };
      if (!ended) listener();
    });
    return () => {
      ended = true;
      void opening.then(() => consumer.disconnect()).catch(() => {});
    };
  };
  const snapshot = (): readonly ReceivedMessage[] => {
    if (failure !== null) throw failure.error;
    return messages;
  };
  return { subscribe, snapshot, first: () => NO_MESSAGES };
}

/** A server shows what a page shows at first: nothing yet. */
function shownTable<Snapshot>(open: () => TableLike<Snapshot>, closes: boolean): Shown<Snapshot | null> {
  let table: TableLike<Snapshot> | null = null;
  let failure: { readonly error: unknown } | null = null;
  const subscribe = (listener: () => void): (() => void) => {
    const opened = open();
    let ended = false;
    table = opened;
    failure = null;
    const stop = opened.subscribe(listener);
    const changed = (failed: typeof failure): void => {
      if (ended) return;
      failure = failed;
      listener();
    };
    opened.ready?.then(
      () => changed(null),
      (error: unknown) => changed({ error }),
    );
    return () => {
      ended = true;
      stop();
      if (closes) void opened.close?.().catch(() => {});
    };
  };
  const snapshot = (): Snapshot | null => {
    if (failure !== null) throw failure.error;
    return table?.snapshot() ?? null;
  };
  return { subscribe, snapshot, first: () => null };
}

function shownStatus(client: StrandlineClient): Shown<OutboxStatus | null> {
  let status: OutboxStatus | null = null;
  const subscribe = (listener: () => void): (() => void) => {
    const ending = new AbortController();
    let looking = false;
    let again = false;
    const look = async (): Promise<void> => {
      again = true;
      // One at a time, and once more where something came meanwhile: what is shown last is the latest.
      if (looking) return;
      looking = true;
      while (again && !ending.signal.aborted) {
        again = false;
        // A client that was closed keeps its last status.
        const now = await client.sync.status().catch(() => status);
        if (ending.signal.aborted || JSON.stringify(now) === JSON.stringify(status)) continue;
        status = now;
        listener();
      }
      looking = false;
    };
    const listening = STATUS_EVENTS.map((event) => client.on(event, () => void look()));
    void (async () => {
      for (; !ending.signal.aborted; await systemClock.sleep(STATUS_LOOK_MS, ending.signal)) void look();
    })();
    return () => {
      ending.abort();
      for (const stop of listening) stop();
    };
  };
  return { subscribe, snapshot: () => status, first: () => null };
}
