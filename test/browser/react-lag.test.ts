/** `useLag` in a real tree. */
import { createElement, type ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { expect, test, vi } from "vitest";
import type { Strandline } from "../../client/index.ts";
import { StrandlineProvider, useLag, type ShownLag, type UseLagOptions } from "../../client/react.ts";
import { openClient } from "./client-fixture.ts";
import { show, values } from "./react-tree.ts";

const TOPIC = "shown";

function said({ lag, ageMs, error }: ShownLag): string {
  return `${lag === null ? "no lag" : `${lag.lag} behind`} ${ageMs === null ? "never heard" : "heard"} ${error?.code ?? "no error"}`;
}

const OfProvider = (options: UseLagOptions): ReactNode => createElement("p", null, said(useLag("g", options)));
const OfClient = ({ client }: { readonly client: Strandline }): ReactNode =>
  createElement("p", null, said(useLag(client, "g", { intervalMs: 50 })));

test("the lag of a group of this device is shown as it grows and shrinks", async () => {
  const client = openClient();
  await client.admin().createTopics({ topics: [{ topic: TOPIC, numPartitions: 1 }] });
  const shown = [
    show(createElement(StrandlineProvider, { client }, createElement(OfProvider, { intervalMs: 50 }))),
    show(createElement(OfClient, { client })),
  ];
  const all = (text: string): Promise<void> => vi.waitFor(() => expect(shown.map(values)).toEqual([text, text]));
  await all("no lag never heard GROUP_ID_NOT_FOUND");
  await client.admin().setOffsets({ groupId: "g", topic: TOPIC, partitions: [{ partition: 0, offset: 0 }] });
  await all("0 behind heard no error");
  await client.producer().send({ topic: TOPIC, messages: [{ value: "a" }, { value: "b" }] });
  await all("2 behind heard no error");
  const consumer = client.consumer({ groupId: "g" });
  await consumer.subscribe({ topic: TOPIC });
  await consumer.run({ autoCommitThreshold: 1, eachMessage: () => {} });
  await all("0 behind heard no error");
  await consumer.disconnect();
});

test("a group at the edge that cannot be asked is told with its error", async () => {
  const client = openClient({ url: "http://127.0.0.1:9" });
  const shown = show(
    createElement(StrandlineProvider, { client }, createElement(OfProvider, { coordinator: "edge", intervalMs: 50 })),
  );
  await vi.waitFor(() => expect(values(shown)).toBe("no lag never heard NETWORK_EXCEPTION"));
});

test("without a client there is no lag to show", () => {
  expect(() => renderToString(createElement(OfProvider))).toThrow("StrandlineProvider");
});
