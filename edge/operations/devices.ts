import type { AnnounceDeviceAnswer, AnnounceDeviceRequest } from "../../shared/api/devices.ts";
import { take } from "../outcome.ts";
import type { EdgePorts } from "./ports.ts";

/** Of the caller's own devices; it takes no right. */
export async function announceDevice(ports: EdgePorts, request: AnnounceDeviceRequest): Promise<AnnounceDeviceAnswer> {
  return { devices: take(await ports.announceDevice(request)) };
}
