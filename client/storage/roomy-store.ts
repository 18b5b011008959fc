/** A store that makes room for its writes: what the browser refuses for want of it is tried once more after something was freed. */
import { isFull } from "../log/idb-errors.ts";
import type { Room } from "../log/local-log.ts";
import type { Store } from "../log/store.ts";

/** For what is no append: those wait for room before. A refused transaction has changed nothing, so its body may run again. */
export function roomyStore(store: Store, room: Pick<Room, "free">): Store {
  return {
    async transact(stores, options, body) {
      try {
        return await store.transact(stores, options, body);
      } catch (error) {
        if (!isFull(error) || !(await room.free())) throw error;
      }
      return await store.transact(stores, options, body);
    },
    close: () => store.close(),
  };
}
