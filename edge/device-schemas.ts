import { z } from "zod";
import type { AnnounceDeviceRequest } from "../shared/api/devices.ts";

/** Shown to people; a browser's name of itself is shorter. */
const NAME_CHARS_MAX = 200;

export const announceDeviceRequest: z.ZodType<AnnounceDeviceRequest> = z.strictObject({
  deviceId: z.string().regex(/^[0-9a-f]{32}$/),
  clientId: z.string().max(NAME_CHARS_MAX),
  label: z.string().max(NAME_CHARS_MAX),
  unsyncedRecords: z.int().min(0),
  gone: z.boolean().exactOptional(),
});
