import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIMITS } from "../../shared/limits.ts";
import { ANNOUNCE_DEVICE_ANSWER } from "../answer-schemas.ts";
import { readBody } from "../body.ts";
import { announceDeviceRequest } from "../device-schemas.ts";
import { announceDevice } from "../operations/devices.ts";
import { demand, parseJson } from "../schemas.ts";
import { json, route, type Route } from "./route.ts";

export const announceDeviceRoute: Route = route(
  {
    summary: "Say that a device of the caller is there. Answers all of the caller's devices that are known.",
    query: null,
    body: { mediaType: JSON_MEDIA_TYPE, of: { name: "AnnounceDeviceRequest", schema: announceDeviceRequest } },
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: ANNOUNCE_DEVICE_ANSWER }] },
    errors: ["INVALID_REQUEST", "REQUEST_TOO_LARGE"],
  },
  async ({ request, ports }) => {
    const body = parseJson(await readBody(request, LIMITS.jsonBytesMax));
    return json(await announceDevice(ports, demand(announceDeviceRequest, body, "the body")));
  },
);
