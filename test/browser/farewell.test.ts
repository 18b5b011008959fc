/** What a page says to the edge as it goes, with what it knows by then. */
import { afterEach, expect, test, vi } from "vitest";
import { Farewell } from "../../client/page/farewell.ts";
import { pageLifecycle } from "../../client/web-ports.ts";

afterEach(() => vi.restoreAllMocks());

function goes(): void {
  window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: false }));
}

test("a member leaves by a request of the page that outlives it, with the last token; none that has left before", async () => {
  const sent = vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("offline"));
  const tokens = ["first", "second"];
  const farewell = new Farewell(pageLifecycle());
  const ask = farewell.asking("https://edge.example/base", () => tokens.shift() ?? "");
  expect([await ask?.(), await ask?.()]).toEqual(["first", "second"]);
  let member: { readonly groupId: string; readonly memberId: string } | null = { groupId: "a b", memberId: "m.1" };
  const said: string[] = [];
  const stopListening = farewell.before((parked) => said.push(`park ${parked}`));
  const stop = farewell.of({ member: () => member, commit: () => said.push("commit") });
  goes();
  // The worker gives the partitions up with the second word.
  expect(said).toEqual(["commit", "park true"]);
  expect(sent.mock.calls).toEqual([
    [
      "https://edge.example/base/v1/groups/a%20b/heartbeat",
      {
        method: "POST",
        headers: { "content-type": "application/json", authorization: "Bearer second" },
        body: JSON.stringify({ memberId: "m.1", memberEpoch: -1, owned: [] }),
        keepalive: true,
        credentials: "omit",
      },
    ],
  ]);
  member = null;
  goes();
  member = { groupId: "g", memberId: "m.2" };
  stop();
  goes();
  expect(sent).toHaveBeenCalledTimes(1);
  expect(said.slice(2)).toEqual(["commit", "park true", "park true"]);
  stopListening();
  goes();
  expect(said).toHaveLength(5);
});

test("without an edge nothing is said, and without auth no token is asked for", () => {
  const sent = vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("offline"));
  const farewell = new Farewell(pageLifecycle());
  expect(farewell.asking(null, undefined)).toBe(null);
  const stop = farewell.before(() => {});
  farewell.of({ member: () => ({ groupId: "g", memberId: "m" }), commit: () => {} });
  goes();
  stop();
  expect(sent).not.toHaveBeenCalled();
});
