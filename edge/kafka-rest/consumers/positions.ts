/** Where a consumer reads on. */
import { inParallel } from "../../in-parallel.ts";
import { StrandlineError, type ErrorBody } from "../../../shared/strandline-error.ts";
import { errorIn, PARTITIONS_AT_ONCE_MAX, reached } from "../../operations/group-ports.ts";
import { partitionById } from "../../operations/ports.ts";
import { startOffset } from "../../operations/start-offset.ts";
import type { ConsumerState, HeldPartition } from "../../rest-consumer/consumer-calls.ts";
import type { NamedPartition } from "./commits.ts";
import { illegalState, keyOf, PARTITIONS_MAX, withHeld, type Instance } from "./instance.ts";

export interface Positioned {
  readonly state: ConsumerState;
  /** Why a partition has no position yet; null: all have one. */
  readonly error: ErrorBody | null;
}

/** Those that have no position get one by `auto.offset.reset`. Partitions are independent. */
export async function positioned(instance: Instance, state: ConsumerState): Promise<Positioned> {
  const { offsetReset } = state.config;
  const without = state.held.filter(({ position }) => position === null).slice(0, PARTITIONS_MAX);
  if (without.length === 0) return { state, error: null };
  const outcomes = await inParallel(
    without,
    PARTITIONS_AT_ONCE_MAX,
    async (one) =>
      await reached(one, async () => {
        if (offsetReset !== "none") return await boundOf(instance, one, offsetReset);
        const at = `partition ${one.partition} of ${JSON.stringify(one.topic)}`;
        throw new StrandlineError(
          "OFFSET_OUT_OF_RANGE",
          `the group has no offset of ${at}, and auto.offset.reset is none`,
        );
      }),
  );
  const found = new Map(
    without.flatMap((one, index) => {
      const outcome = outcomes[index];
      return outcome?.ok === true ? [[keyOf(one), { position: outcome.value }] as const] : [];
    }),
  );
  const error = outcomes.map(errorIn).find((one) => one !== null) ?? null;
  return { state: withHeld(state, found), error };
}

async function boundOf(
  { ports }: Instance,
  { topicId, partition }: HeldPartition,
  at: "earliest" | "latest",
): Promise<number> {
  const topic = await partitionById(ports, topicId, partition, "fetch");
  return await startOffset(ports.partition(topic, partition), at);
}

/** Throws `UNSUPPORTED_OPERATION` of a partition that is not assigned; nothing is changed then. */
export async function seek(
  instance: Instance,
  named: readonly (NamedPartition & { readonly to: number | "earliest" | "latest" })[],
): Promise<void> {
  await instance.change(async ({ state }) => {
    const aims = named.map((one) => {
      const held = state.held.find(({ topic, partition }) => topic === one.topic && partition === one.partition);
      if (held !== undefined) return { held, to: one.to };
      throw illegalState(
        `partition ${one.partition} of ${JSON.stringify(one.topic.slice(0, 249))} is not assigned to it`,
      );
    });
    const found = await inParallel(aims, PARTITIONS_AT_ONCE_MAX, async ({ held, to }) => {
      const position = typeof to === "number" ? to : await boundOf(instance, held, to);
      return [keyOf(held), { position, leaderEpoch: null }] as const;
    });
    return withHeld(state, new Map(found));
  });
}
