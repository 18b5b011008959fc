/**
 * The devices of each principal. One row each, written when there is news of it: that it is new, has another label,
 * began or ceased to have unsynced records, or was not heard of for an hour.
 */
import type { AnnounceDeviceRequest, KnownDevice } from "../../shared/api/devices.ts";
import type { Clock } from "../../shared/clock.ts";
import { LIMITS } from "../../shared/limits.ts";

interface DeviceRow extends Record<string, SqlStorageValue> {
  deviceId: string;
  clientId: string;
  label: string;
  unsyncedRecords: number;
  firstSeenAt: number;
  lastSeenAt: number;
}

const COLUMNS = `device_id AS deviceId, client_id AS clientId, label, unsynced AS unsyncedRecords,
  first_seen AS firstSeenAt, last_seen AS lastSeenAt`;
const SEEN_MS = 3_600_000;

export class Devices {
  readonly #sql: SqlStorage;
  readonly #clock: Clock;

  constructor(sql: SqlStorage, clock: Clock) {
    this.#sql = sql;
    this.#clock = clock;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS devices (principal TEXT NOT NULL, device_id TEXT NOT NULL, client_id TEXT NOT NULL,
       label TEXT NOT NULL, unsynced INTEGER NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
       PRIMARY KEY (principal, device_id)) WITHOUT ROWID`,
    );
  }

  /** Within a transaction. All that are known then. */
  announce(principal: string, said: AnnounceDeviceRequest): KnownDevice[] {
    const known = this.#of(principal);
    const before = known.find(({ deviceId }) => deviceId === said.deviceId);
    const others = known.filter((one) => one !== before);
    if (said.gone === true) {
      if (before !== undefined) this.#forget(principal, before);
      return others;
    }
    const now = this.#clock.now();
    if (before !== undefined && !isNews(before, said, now)) return known;
    const { deviceId, clientId, label, unsyncedRecords } = said;
    const row = {
      deviceId,
      clientId,
      label,
      unsyncedRecords,
      firstSeenAt: before?.firstSeenAt ?? now,
      lastSeenAt: now,
    };
    this.#sql.exec(
      `INSERT OR REPLACE INTO devices (principal, device_id, client_id, label, unsynced, first_seen, last_seen)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      ...[principal, deviceId, clientId, label, unsyncedRecords, row.firstSeenAt, now],
    );
    for (const old of others.slice(LIMITS.devicesPerPrincipalMax - 1)) this.#forget(principal, old);
    return [row, ...others.slice(0, LIMITS.devicesPerPrincipalMax - 1)];
  }

  #of(principal: string): DeviceRow[] {
    const asked = `SELECT ${COLUMNS} FROM devices WHERE principal = ? ORDER BY last_seen DESC, device_id`;
    return this.#sql.exec<DeviceRow>(asked, principal).toArray();
  }

  #forget(principal: string, { deviceId }: DeviceRow): void {
    this.#sql.exec("DELETE FROM devices WHERE principal = ? AND device_id = ?", principal, deviceId);
  }
}

function isNews(before: DeviceRow, said: AnnounceDeviceRequest, now: number): boolean {
  const same = before.label === said.label && before.clientId === said.clientId;
  const emptied = before.unsyncedRecords > 0 !== said.unsyncedRecords > 0;
  // A clock that was set back makes it news as well.
  return !same || emptied || Math.abs(now - before.lastSeenAt) >= SEEN_MS;
}
