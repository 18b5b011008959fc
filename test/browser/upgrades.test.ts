/** Old databases in a real browser, and a worker that is ended in the middle of an upgrade. */
import { openDB } from "idb";
import { expect, test } from "vitest";
import { IdbStore } from "../../client/log/idb-store.ts";
import { systemClock } from "../../client/web-ports.ts";
import { upgradeSuite } from "../conformance/upgrade-suite.ts";

const freshName = (): string => `upgrade-${crypto.randomUUID()}`;

upgradeSuite(freshName);

test("a worker that is ended in the middle of an upgrade leaves the version that was there", async () => {
  const name = freshName();
  const old = await openDB(name, 1, {
    upgrade(database) {
      void database.createObjectStore("meta").put("kept", "key");
      database.createObjectStore("offsets");
    },
  });
  old.close();
  // It keeps the upgrade's transaction alive by asking on and on.
  const script = `
    const request = indexedDB.open(${JSON.stringify(name)}, 2);
    request.onupgradeneeded = () => {
      const meta = request.result.createObjectStore("state") && request.transaction.objectStore("meta");
      meta.clear();
      const ask = () => { meta.count().onsuccess = ask; };
      ask();
      postMessage("half done");
    };`;
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url);
  await new Promise((resolve) => worker.addEventListener("message", resolve, { once: true }));
  worker.terminate();
  const after = await openDB(name);
  expect(after.version).toBe(1);
  expect([...after.objectStoreNames]).toEqual(["meta", "offsets"]);
  expect(await after.get("meta", "key")).toBe("kept");
  after.close();
  const store = new IdbStore({ name, clock: systemClock });
  const kept = store.transact(["meta", "state"], { mode: "readonly" }, (transaction) => transaction.get("meta", "key"));
  expect(await kept).toBe("kept");
  store.close();
});
