/** The device as a whole, and its end. */

export interface DeviceCalls {
  /**
   * Ends the device in every tab; `discard` deletes its database. How many records were not synced: they are discarded
   * with it, or wait in it for their principal.
   */
  logout(discard: boolean): Promise<{ readonly unsyncedRecords: number }>;
  close(): Promise<void>;
}
