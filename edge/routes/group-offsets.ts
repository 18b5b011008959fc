import {
  COMMIT_OFFSETS,
  COMMITTED_OFFSETS,
  commitOffsetsRequest,
  GROUP_OFFSETS,
  groupOffsetsQuery,
  OFFSETS_RESET,
  RESET_OFFSETS,
  resetOffsetsRequest,
} from "../group-schemas.ts";
import { commitOffsets, fetchGroupOffsets } from "../operations/group-offsets.ts";
import { resetOffsets } from "../operations/reset-offsets.ts";
import { demand } from "../schemas.ts";
import { answers, bodyOf, content, groupParam, OF_GROUP } from "./groups.ts";
import { json, queryOf, route, type Route } from "./route.ts";

export const commitOffsetsRoute: Route = route(
  {
    summary: "Commit offsets of many partitions; each is reported for itself.",
    query: null,
    body: content(COMMIT_OFFSETS),
    answer: answers(COMMITTED_OFFSETS),
    errors: [...OF_GROUP, "REQUEST_TOO_LARGE", "UNKNOWN_MEMBER_ID", "NON_EMPTY_GROUP", "POLICY_VIOLATION"],
  },
  async (asked) => {
    const request = demand(commitOffsetsRequest, await bodyOf(asked), "the body");
    return json(await commitOffsets(asked.ports, groupParam(asked), request));
  },
);

export const fetchGroupOffsetsRoute: Route = route(
  {
    summary: "The offsets of a group, of the topics that are named; of all where none is.",
    query: groupOffsetsQuery,
    body: null,
    answer: answers(GROUP_OFFSETS),
    errors: [...OF_GROUP, "GROUP_ID_NOT_FOUND"],
  },
  async (asked) => {
    const { topics } = demand(groupOffsetsQuery, queryOf(asked), "the query");
    const names = topics?.split(",") ?? null;
    return json(await fetchGroupOffsets(asked.ports, groupParam(asked), names));
  },
);

export const resetOffsetsRoute: Route = route(
  {
    summary: "Say where an empty group goes on; with dryRun only tell where that would be.",
    query: null,
    body: content(RESET_OFFSETS),
    answer: answers(OFFSETS_RESET),
    errors: [
      ...OF_GROUP,
      "REQUEST_TOO_LARGE",
      "TOPIC_AUTHORIZATION_FAILED",
      "INVALID_TOPIC_EXCEPTION",
      "UNKNOWN_TOPIC_OR_PARTITION",
      "GROUP_ID_NOT_FOUND",
      "NON_EMPTY_GROUP",
      "POLICY_VIOLATION",
    ],
  },
  async (asked) => {
    const request = demand(resetOffsetsRequest, await bodyOf(asked), "the body");
    return json(await resetOffsets(asked.ports, groupParam(asked), request));
  },
);
