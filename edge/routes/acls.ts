import { JSON_MEDIA_TYPE } from "../../shared/api/media-types.ts";
import { LIMITS } from "../../shared/limits.ts";
import {
  aclFilter,
  CREATE_ACLS_ANSWER,
  createAclsRequest,
  DELETE_ACLS_ANSWER,
  deleteAclsFilter,
  DESCRIBE_ACLS_ANSWER,
} from "../acl-schemas.ts";
import { readBody } from "../body.ts";
import { createAcls, deleteAcls, describeAcls } from "../operations/acls.ts";
import { demand, parseJson } from "../schemas.ts";
import { json, queryOf, route, type Route } from "./route.ts";

export const describeAclsRoute: Route = route(
  {
    summary: "The ACLs that a filter means; without one, all.",
    query: aclFilter,
    body: null,
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: DESCRIBE_ACLS_ANSWER }] },
    errors: ["CLUSTER_AUTHORIZATION_FAILED"],
  },
  async (asked) => json(await describeAcls(asked.ports, demand(aclFilter, queryOf(asked), "the query"))),
);

export const createAclsRoute: Route = route(
  {
    summary: "Add ACLs, all of them or none. Those that are there already stay as they are.",
    query: null,
    body: { mediaType: JSON_MEDIA_TYPE, of: { name: "CreateAclsRequest", schema: createAclsRequest } },
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: CREATE_ACLS_ANSWER }] },
    errors: ["REQUEST_TOO_LARGE", "CLUSTER_AUTHORIZATION_FAILED", "POLICY_VIOLATION"],
  },
  async ({ request, ports }) => {
    const body = parseJson(await readBody(request, LIMITS.jsonBytesMax));
    return json(await createAcls(ports, demand(createAclsRequest, body, "the body")));
  },
);

export const deleteAclsRoute: Route = route(
  {
    summary: "Delete the ACLs that a filter means; one must be stated.",
    query: deleteAclsFilter,
    body: null,
    answer: { status: 200, contents: [{ mediaType: JSON_MEDIA_TYPE, of: DELETE_ACLS_ANSWER }] },
    errors: ["CLUSTER_AUTHORIZATION_FAILED"],
  },
  async (asked) => json(await deleteAcls(asked.ports, demand(deleteAclsFilter, queryOf(asked), "the query"))),
);
