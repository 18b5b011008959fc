/** A partition as somebody with quotas reaches it: whichever way records are produced or read, they come by here. */
import type { Outcome } from "./outcome.ts";
import { attempt } from "./outcome.ts";
import type { PartitionPort } from "./partition/partition-port.ts";
import type { RateName } from "./quota/principal-meter.ts";
import type { QuotaPort } from "./quota/request-quota.ts";

const PRODUCING = "producer_byte_rate";
const CONSUMING = "consumer_byte_rate";

export function meteredPartition(port: PartitionPort, quota: QuotaPort): PartitionPort {
  return {
    proof: async (producerId) => await port.proof(producerId),
    waitForAppend: async (request) => await port.waitForAppend(request),
    reconcile: async (producerId, request) => await port.reconcile(producerId, request),
    bounds: async () => await port.bounds(),
    deleteRecords: async (before) => await port.deleteRecords(before),
    erase: async (request) => await port.erase(request),
    batchAtTime: async (request) => await port.batchAtTime(request),
    fence: async (request) => await port.fence(request),
    commitOffset: async (request) => await port.commitOffset(request),
    groupStanding: async (group, incarnation) => await port.groupStanding(group, incarnation),
    forgetGroup: async (group, incarnation) => await port.forgetGroup(group, incarnation),
    append: async (request) => {
      const refused = refusalOf(quota, PRODUCING);
      if (refused !== null) return refused;
      quota.charge(PRODUCING, request.bytes.byteLength);
      return heard(quota, await port.append({ ...request, ...ofPartition(quota, PRODUCING) }));
    },
    read: async (request) => {
      const refused = refusalOf(quota, CONSUMING);
      if (refused !== null) return refused;
      const answer = heard(quota, await port.read({ ...request, ...ofPartition(quota, CONSUMING) }));
      if (answer.ok) quota.charge(CONSUMING, answer.value.bytes.byteLength);
      return answer;
    },
  };
}

function refusalOf(quota: QuotaPort, name: RateName): (Outcome<never> & { readonly ok: false }) | null {
  const admitted = attempt(() => quota.admit(name));
  return admitted.ok ? null : admitted;
}

function ofPartition(
  quota: QuotaPort,
  name: RateName,
): { readonly quota?: NonNullable<ReturnType<QuotaPort["ofPartition"]>> } {
  const told = quota.ofPartition(name);
  return told === undefined ? {} : { quota: told };
}

/** What the partition told the Worker is no part of what anybody else is answered. */
function heard<Value extends { readonly throttleMs?: number }>(
  quota: QuotaPort,
  answer: Outcome<Value>,
): Outcome<Omit<Value, "throttleMs">> {
  if (!answer.ok) return answer;
  const { throttleMs, ...value } = answer.value;
  if (throttleMs !== undefined) quota.told(throttleMs);
  return { ok: true, value };
}
