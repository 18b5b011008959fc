/** The four faces of one device's log, over one store. */
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { openDeviceRow } from "./device-row.ts";
import type { LocalLog, Outbox, Replica, TopicAdmin, TopicCatalog } from "./device-log.ts";
import type { OwnRecords } from "./own-log.ts";
import { StoredLocalLog, type Room } from "./local-log.ts";
import { StoredOutbox } from "./outbox.ts";
import { StoredOwnRecords } from "./own-records.ts";
import { StoredReplica } from "./replica.ts";
import type { DeviceRow } from "./rows.ts";
import type { Store } from "./store.ts";
import { StoredTopicAdmin } from "./topic-admin.ts";
import { StoredTopicCatalog } from "./topic-catalog.ts";

export interface OpenDeviceOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly namespace: string;
  readonly principal: string;
  /** Null: there is an edge. Else topics belong to the device and get so many partitions. */
  readonly local: { readonly partitionCount: number } | null;
  readonly room?: Room | null;
}

export interface DeviceLog {
  readonly localLog: LocalLog;
  readonly outbox: Outbox;
  readonly replica: Replica;
  readonly own: OwnRecords;
  readonly catalog: TopicCatalog;
  readonly topicAdmin: TopicAdmin;
  readonly device: DeviceRow;
}

/** Reads one row, whatever waits to be sent. Throws `PRINCIPAL_CHANGED`. */
export async function openDevice(options: OpenDeviceOptions): Promise<DeviceLog> {
  const { store, clock, local } = options;
  const device = await openDeviceRow(store, options);
  const catalog = new StoredTopicCatalog({ store });
  const localLog = new StoredLocalLog({
    store,
    catalog,
    clock,
    localPartitionCount: local?.partitionCount ?? null,
    room: options.room ?? null,
  });
  return {
    localLog,
    outbox: new StoredOutbox({ store, clock }),
    replica: new StoredReplica({ store }),
    own: new StoredOwnRecords({ store }),
    catalog,
    topicAdmin: new StoredTopicAdmin({ store }),
    device,
  };
}
