import "fake-indexeddb/auto";
import { IdbStore } from "../../client/log/idb-store.ts";
import { MemoryStore } from "../../client/log/memory-store.ts";
import { systemClock } from "../../client/web-ports.ts";
import { storeSuite } from "./store-suite.ts";

let databases = 0;

storeSuite("MemoryStore", { open: () => new MemoryStore() });
storeSuite("IdbStore over fake-indexeddb", {
  open: () => new IdbStore({ name: `suite-${(databases += 1)}`, clock: systemClock }),
});
