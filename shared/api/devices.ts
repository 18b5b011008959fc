/**
 * `POST /v1/devices`: a device says that it is there, and is told of the others of its principal. Where the doors are
 * open nobody is anybody, and none is kept.
 */
export interface AnnounceDeviceRequest {
  /** 32 hexadecimal digits. */
  readonly deviceId: string;
  readonly clientId: string;
  /** What people tell devices apart by: a browser and its system. */
  readonly label: string;
  readonly unsyncedRecords: number;
  /** It is being destroyed: it is forgotten. */
  readonly gone?: boolean;
}

export interface KnownDevice {
  readonly deviceId: string;
  readonly clientId: string;
  readonly label: string;
  /** As it said last. */
  readonly unsyncedRecords: number;
  readonly firstSeenAt: number;
  /** To an hour. */
  readonly lastSeenAt: number;
}

export interface AnnounceDeviceAnswer {
  /** Of the principal, this one among them, those that were seen last first. */
  readonly devices: readonly KnownDevice[];
}
