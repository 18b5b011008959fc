/** Handlers' transactions on a consumer's session. */
import { transfer } from "comlink";
import { MESSAGE_BYTES_MAX } from "../../shared/chunking.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import type { ConsumerLink } from "./consumer-link.ts";
import type { Transactions } from "./exactly-once.ts";
import { packAlone, type LonePackDeps } from "./lone-pack.ts";

export function transactionsOn(
  link: ConsumerLink,
  { clock, random, packing }: { readonly clock: Clock; readonly random: Random; readonly packing: LonePackDeps },
): Transactions {
  return {
    now: () => clock.now(),
    chunking: { random, maxMessageBytes: MESSAGE_BYTES_MAX },
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
