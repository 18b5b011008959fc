/**
 * Whose database this is: one of each (edge, namespace, principal). What one principal left unsynced stays in its own database and
 * waits for it; a database that says otherwise than its name is refused before anything of it is sent or shown.
 */
import type { ProducerKey } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { DEVICE_KEY } from "./keys.ts";
import type { DeviceRow } from "./rows.ts";
import type { Store } from "./store.ts";

export interface DeviceOwner {
  readonly namespace: string;
  readonly principal: string;
}

/** The device's row, made where the database is new. Throws `PRINCIPAL_CHANGED` where it belongs to somebody else. */
export async function openDeviceRow(
  store: Store,
  options: DeviceOwner & { readonly clock: Clock; readonly random: Random },
): Promise<DeviceRow> {
  const { namespace, principal, clock, random } = options;
  const known = await store.transact(["meta"], { mode: "readonly" }, (transaction) =>
    transaction.get<DeviceRow>("meta", DEVICE_KEY),
  );
  if (known !== undefined) return demandOwner(known, options);
  const made: DeviceRow = {
    deviceId: hex(random.bytes(16)),
    rootProducerKey: hex(random.bytes(16)) as ProducerKey,
    namespace,
    principal,
    createdAt: clock.now(),
  };
  const row = await store.transact(["meta"], { mode: "readwrite", durability: "strict" }, async (transaction) => {
    // Another tab may have been first.
    const other = await transaction.get<DeviceRow>("meta", DEVICE_KEY);
    if (other === undefined) void transaction.put("meta", DEVICE_KEY, made);
    return other ?? made;
  });
  return demandOwner(row, options);
}

function demandOwner(row: DeviceRow, { namespace, principal }: DeviceOwner): DeviceRow {
  if (row.namespace === namespace && row.principal === principal) return row;
  throw new StrandlineError("PRINCIPAL_CHANGED", "what it holds waits for the principal who wrote it", {
    namespace,
    principal,
  });
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
