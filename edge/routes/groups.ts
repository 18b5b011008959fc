import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import type { ErrorCode } from "../../shared/error-table.ts";
import { LIMITS } from "../../shared/limits.ts";
import type { NamedSchema } from "../answer-schemas.ts";
import { readBody } from "../body.ts";
import {
  GROUP_ASSIGNMENT,
  GROUP_DESCRIPTION,
  GROUP_HEARTBEAT,
  GROUP_LAG,
  GROUP_LIST,
  groupHeartbeat,
  LEAVE_GROUP,
  leaveGroupRequest,
} from "../group-schemas.ts";
import { groupLag } from "../operations/group-lag.ts";
import { deleteGroup, describeGroup, heartbeat, leaveGroup, listGroups } from "../operations/groups.ts";
import { demand, parseJson } from "../schemas.ts";
import { json, PRIVATE, route, type Content, type Route, type RouteDoc, type RouteRequest } from "./route.ts";

export function groupParam({ params }: Pick<RouteRequest, "params">): string {
  return params["group"] ?? "";
}

export const content = (of: NamedSchema): Content => ({ mediaType: JSON_MEDIA_TYPE, of });
export const answers = (of: NamedSchema): RouteDoc["answer"] => ({ status: 200, contents: [content(of)] });

export async function bodyOf({ request }: Pick<RouteRequest, "request">): Promise<unknown> {
  return parseJson(await readBody(request, LIMITS.jsonBytesMax));
}

const NO_CONTENT: RouteDoc["answer"] = { status: 204, contents: [] };

/** Of every route of one group. */
export const OF_GROUP: readonly ErrorCode[] = [
  "INVALID_GROUP_ID",
  "GROUP_AUTHORIZATION_FAILED",
  "COORDINATOR_NOT_AVAILABLE",
];

export const heartbeatRoute: Route = route(
  {
    summary: "Join a group, tell what is owned, and hear what may be.",
    query: null,
    body: content(GROUP_HEARTBEAT),
    answer: answers(GROUP_ASSIGNMENT),
    errors: [
      ...OF_GROUP,
      "REQUEST_TOO_LARGE",
      "TOPIC_AUTHORIZATION_FAILED",
      "INVALID_TOPIC_EXCEPTION",
      "INVALID_REGULAR_EXPRESSION",
      "INVALID_SESSION_TIMEOUT",
      "UNKNOWN_MEMBER_ID",
      "FENCED_MEMBER_EPOCH",
      "FENCED_INSTANCE_ID",
      "UNRELEASED_INSTANCE_ID",
      "UNSUPPORTED_ASSIGNOR",
      "GROUP_MAX_SIZE_REACHED",
      "POLICY_VIOLATION",
    ],
  },
  async (asked) => {
    const beat = demand(groupHeartbeat, await bodyOf(asked), "the body");
    return json(await heartbeat(asked.ports, groupParam(asked), beat));
  },
);

export const leaveGroupRoute: Route = route(
  {
    summary: "Leave a group.",
    query: null,
    body: content(LEAVE_GROUP),
    answer: NO_CONTENT,
    errors: [...OF_GROUP, "REQUEST_TOO_LARGE", "UNKNOWN_MEMBER_ID", "FENCED_INSTANCE_ID"],
  },
  async (asked) => {
    await leaveGroup(asked.ports, groupParam(asked), demand(leaveGroupRequest, await bodyOf(asked), "the body"));
    return new Response(null, { status: 204, headers: PRIVATE });
  },
);

export const listGroupsRoute: Route = route(
  { summary: "All groups that may be described.", query: null, body: null, answer: answers(GROUP_LIST), errors: [] },
  async ({ ports }) => json(await listGroups(ports)),
);

export const describeGroupRoute: Route = route(
  {
    summary: "One group: its members, and what they own.",
    query: null,
    body: null,
    answer: answers(GROUP_DESCRIPTION),
    errors: [...OF_GROUP, "GROUP_ID_NOT_FOUND"],
  },
  async (asked) => json(await describeGroup(asked.ports, groupParam(asked))),
);

export const groupLagRoute: Route = route(
  {
    summary: "How far a group is behind, partition by partition.",
    query: null,
    body: null,
    answer: answers(GROUP_LAG),
    errors: [...OF_GROUP, "GROUP_ID_NOT_FOUND"],
  },
  async (asked) => json(await groupLag(asked.ports, groupParam(asked))),
);

export const deleteGroupRoute: Route = route(
  {
    summary: "Delete an empty group, its offsets with it.",
    query: null,
    body: null,
    answer: NO_CONTENT,
    errors: [...OF_GROUP, "GROUP_ID_NOT_FOUND", "NON_EMPTY_GROUP"],
  },
  async (asked) => {
    await deleteGroup(asked.ports, groupParam(asked));
    return new Response(null, { status: 204, headers: PRIVATE });
  },
);
