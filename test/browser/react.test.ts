/** The hooks in a real tree, under StrictMode, which mounts everything twice. */
import { Component, createElement, StrictMode, type ComponentType, type ReactNode } from "react";
import { hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { expect, test, vi } from "vitest";
import type { Strandline } from "../../client/index.ts";
import {
  StrandlineProvider,
  useLag,
  useStrandline,
  useSyncStatus,
  useTable,
  useTopic,
  type TableLike,
  type UseTopicOptions,
} from "../../client/react.ts";
import { freshDatabase, openClient } from "./client-fixture.ts";
import { place, show, unmountLater, values } from "./react-tree.ts";

const TOPIC = "shown";

function Records({
  client,
  topic = TOPIC,
  ...options
}: UseTopicOptions & { client: Strandline; topic?: string }): ReactNode {
  const messages = useTopic(client, topic, options);
  return createElement("p", null, messages.map((message) => message.text()).join(" "));
}

/** How many consumers were made, and how many run now. */
function watchConsumers(client: Strandline): { readonly made: () => number; readonly running: () => number } {
  const make = client.consumer.bind(client);
  let made = 0;
  let running = 0;
  vi.spyOn(client, "consumer").mockImplementation((config) => {
    const consumer = make(config);
    const run = consumer.run.bind(consumer);
    made += 1;
    consumer.run = async (runConfig) => {
      await run(runConfig);
      running += 1;
    };
    consumer.on("stop", () => (running -= 1));
    return consumer;
  });
  return { made: () => made, running: () => running };
}

async function send(client: Strandline, ...sent: string[]): Promise<void> {
  await client.producer().send({ topic: TOPIC, messages: sent.map((value) => ({ key: "one partition", value })) });
}

test("a topic is shown as it grows, no more than its limit, and no consumer outlives its component", async () => {
  const client = openClient();
  const consumers = watchConsumers(client);
  await send(client, "a", "b");
  const shown = show(createElement(Records, { client, fromBeginning: true, limit: 3 }));
  await vi.waitFor(() => expect(values(shown)).toBe("a b"));
  await send(client, "c", "d");
  await vi.waitFor(() => expect(values(shown)).toBe("b c d"));
  // StrictMode has mounted it twice, and one of the two is shown.
  expect(consumers.made()).toBe(2);
  expect(consumers.running()).toBe(1);

  shown.root.render(createElement(StrictMode, null, null));
  await vi.waitFor(() => expect(consumers.running()).toBe(0));
});

test("another topic is another consumer, and a client that re-renders is none", async () => {
  const client = openClient();
  const consumers = watchConsumers(client);
  const shown = show(createElement(Records, { client }));
  await vi.waitFor(() => expect(consumers.running()).toBe(1));
  const made = consumers.made();
  shown.root.render(createElement(StrictMode, null, createElement(Records, { client })));
  // Where a consumer begins is decided once it is open, which `run` does not wait for.
  await vi.waitFor(async () => {
    await send(client, "now");
    expect(values(shown)).toMatch(/^now( now)*$/);
  });
  expect(consumers.made()).toBe(made);
  shown.root.render(createElement(StrictMode, null, createElement(Records, { client, topic: "other" })));
  await vi.waitFor(() => expect(values(shown)).toBe(""));
  await vi.waitFor(() => expect([consumers.made(), consumers.running()]).toEqual([made + 1, 1]));
});

class Boundary extends Component<{ readonly children: ReactNode }, { readonly code: string }> {
  override state = { code: "" };

  static getDerivedStateFromError(error: { readonly code: string }): { readonly code: string } {
    return { code: error.code };
  }

  override render(): ReactNode {
    return this.state.code === "" ? this.props.children : this.state.code;
  }
}

test("a topic that cannot be read goes to the error boundary", async () => {
  const silent = vi.spyOn(console, "error").mockImplementation(() => {});
  const client = openClient();
  const shown = show(createElement(Boundary, null, createElement(Records, { client, topic: "no name!" })));
  await vi.waitFor(() => expect(values(shown)).toBe("INVALID_TOPIC_EXCEPTION"));
  silent.mockRestore();
});

class FakeTable implements TableLike<ReadonlyMap<string, string>> {
  readonly listeners = new Set<() => void>();
  readonly ready: Promise<void>;
  closed = false;
  #now: ReadonlyMap<string, string> = new Map();

  constructor(ready: Promise<void> = Promise.resolve()) {
    this.ready = ready;
    ready.catch(() => {});
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  snapshot(): ReadonlyMap<string, string> {
    return this.#now;
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  put(key: string, value: string): void {
    this.#now = new Map([...this.#now, [key, value]]);
    for (const listener of this.listeners) listener();
  }
}

test("a table of one's own is listened to while it is shown, and left open", async () => {
  const table = new FakeTable();
  const Mine: ComponentType = () => createElement("p", null, `${useTable(table)?.get("k")}`);
  const shown = show(createElement(Mine));
  await vi.waitFor(() => expect(values(shown)).toBe("undefined"));
  table.put("k", "v1");
  await vi.waitFor(() => expect(values(shown)).toBe("v1"));
  expect(table.listeners.size).toBe(1);
  shown.root.render(null);
  await vi.waitFor(() => expect(table.listeners.size).toBe(0));
  expect(table.closed).toBe(false);
});

test("the table of a topic is opened while it is shown, and none stays open", async () => {
  const opened: FakeTable[] = [];
  const client = {
    table(_topic: string): FakeTable {
      opened.push(new FakeTable());
      return opened.at(-1) as FakeTable;
    },
  };
  const open = (): FakeTable[] => opened.filter(({ closed }) => !closed);
  const Prices: ComponentType = () => createElement("p", null, `${useTable(client, "prices")?.get("k")}`);
  const shown = show(createElement(Prices));
  await vi.waitFor(() => expect(open()).toHaveLength(1));
  open()[0]?.put("k", "v1");
  await vi.waitFor(() => expect(values(shown)).toBe("v1"));
  expect(opened).toHaveLength(2);
  shown.root.render(null);
  await vi.waitFor(() => expect(open()).toEqual([]));
});

test("a real client's table has the type that is said, and shows what is sent", async () => {
  const client = openClient();
  const Notes: ComponentType = () => {
    const notes: ReadonlyMap<string, { readonly text: string }> | null = useTable<{ readonly text: string }>(
      client,
      "notes",
    );
    const untyped: ReadonlyMap<string, unknown> | null = useTable(client, "notes");
    return createElement("p", null, `${notes?.get("a")?.text} ${untyped?.size}`);
  };
  const shown = show(createElement(Notes));
  await client.producer().send({ topic: "notes", messages: [{ key: "a", value: { text: "pears" } }] });
  await vi.waitFor(() => expect(values(shown)).toBe("pears 1"));
});

test("a table that cannot be read goes to the error boundary", async () => {
  const silent = vi.spyOn(console, "error").mockImplementation(() => {});
  const failing = new FakeTable(Promise.reject(Object.assign(new Error("no"), { code: "AUTH" })));
  const Failing: ComponentType = () => createElement("p", null, `${useTable(failing)?.size}`);
  const shown = show(createElement(Boundary, null, createElement(Failing)));
  await vi.waitFor(() => expect(values(shown)).toBe("AUTH"));
  silent.mockRestore();
});

const Status: ComponentType = () => {
  const status = useSyncStatus(useStrandline());
  return createElement("p", null, status === null ? "not known" : `${status.pendingRecords} wait`);
};

test("what waits is shown as it changes; a server shows that it is not known, and the page takes over", async () => {
  const complaints = vi.spyOn(console, "error");
  // Nobody answers there.
  const client = openClient({ url: "http://127.0.0.1:9" });
  const app = createElement(StrandlineProvider, { client }, createElement(Status));
  const at = place();
  at.innerHTML = renderToString(app);
  expect(values({ at })).toBe("not known");
  unmountLater({ at, root: hydrateRoot(at, app) });
  await vi.waitFor(() => expect(values({ at })).toBe("0 wait"));
  await send(client, "a", "b");
  await vi.waitFor(() => expect(values({ at })).toBe("2 wait"));
  expect(complaints).not.toHaveBeenCalled();
  complaints.mockRestore();
});

const Reason = (): ReactNode => {
  const status = useSyncStatus(useStrandline());
  return createElement("p", null, status?.lastError?.code ?? "no error");
};

test("why nothing goes is told with the status", async () => {
  const client = openClient({ url: "http://127.0.0.1:9" });
  const shown = show(createElement(StrandlineProvider, { client }, createElement(Reason)));
  await send(client, "a");
  await vi.waitFor(() => expect(values(shown)).toBe("NETWORK_EXCEPTION"));
});

test("what waits is told by events, also of another tab; nobody asks every second", async () => {
  const database = freshDatabase();
  const url = "http://127.0.0.1:9";
  const [client, other] = [openClient({ url, database }), openClient({ url, database })];
  const shown = show(createElement(StrandlineProvider, { client }, createElement(Status)));
  await vi.waitFor(() => expect(values(shown)).toBe("0 wait"));
  await send(other, "a", "b", "c");
  await vi.waitFor(() => expect(values(shown)).toBe("3 wait"));
  // The failed attempts to reach the edge tell nothing new.
  const asked = vi.spyOn(client.sync, "status");
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(asked.mock.calls.length).toBeLessThan(2);
});

test("a server renders all of them and opens nothing", () => {
  const client = openClient();
  const consumers = watchConsumers(client);
  const table = new FakeTable();
  const All: ComponentType = () =>
    createElement(
      "p",
      null,
      useTopic(client, TOPIC).length,
      useTable(table)?.size,
      useSyncStatus(client)?.pendingRecords,
      useLag(client, "g").lag?.lag,
    );
  expect(renderToString(createElement(All))).toContain("0");
  expect(consumers.made()).toBe(0);
  expect(() => renderToString(createElement(Status))).toThrow("StrandlineProvider");
});
