/** The device as a whole, and its end. */

export interface StorageReport {
  /** Of the whole origin, as the browser says; null where it says nothing. */
  readonly usageBytes: number | null;
  readonly quotaBytes: number | null;
  readonly level: "ok" | "pressure" | "critical";
  readonly kind: "indexeddb" | "memory";
  readonly deviceId: string;
}

export interface DeviceCalls {
  storageReport(): Promise<StorageReport>;
  /**
   * Ends the device in every tab; `discard` deletes its database. How many records were not synced: they are discarded
   * with it, or wait in it for their principal.
   */
  logout(discard: boolean): Promise<{ readonly unsyncedRecords: number }>;
  /**
   * The page is parked where the browser may restore it from (its back/forward cache), or ends, or is back. Parked, its tab
   * neither leads nor has a group's turn: it stands still, for how long nobody knows.
   */
  park(parked: boolean): Promise<void>;
  close(): Promise<void>;
}
