/** Handlers' transactions on a consumer's session. */
import { transfer } from "comlink";
import type { Clock } from "../../shared/clock.ts";
import type { ConsumerLink } from "./consumer-link.ts";
import type { Transactions } from "./exactly-once.ts";
import { packAlone, type LonePackDeps } from "./lone-pack.ts";

export function transactionsOn(
  link: ConsumerLink,
  { clock, packing }: { readonly clock: Clock; readonly packing: LonePackDeps },
): Transactions {
  return {
    now: () => clock.now(),
    readState: (key) => link.on((api, id) => api.readState(id, key)),
    commit: async ({ topic, partition }, { transaction, ...offsets }) => {
      const [pack, outcome] = await Promise.all([packAlone(transaction.sends, packing), transaction.outcome()]);
      const commit = { topic, partition, ...offsets, ...outcome, pack };
      return await link.on((api, id) =>
        api.commitTransaction(id, pack === null ? commit : transfer(commit, [pack.buffer])),
      );
    },
  };
}
