/** The edge with its doors locked: tokens of HS256, a namespace full of ACLs, and quotas that nobody reaches. */
import { SignJWT } from "jose";
import type { Acl } from "../../../shared/api/acls.ts";
import type { AlterQuotasRequest } from "../../../shared/api/quotas.ts";
import { bytesOf } from "../../../shared/utf8.ts";
import { startBroker } from "../../harness/workerd-broker.ts";
import type { Workerd } from "../../harness/workerd.ts";
import type { Owner } from "./produce-load.ts";

const SECRET = "kept by the benchmark alone, longer than 32 bytes";
const ISSUER = "https://issuer.example";
const AUDIENCE = "strandline";
const OWNER: Owner = { namespace: "bench", principal: "device" };
/** Of some hundred principals and topics; a tenth of them is about the one that is measured. */
const ACLS = 300;
const PLENTY = 1e12;

/** Those that an `Authorization` is in. */
export type Headers = Readonly<Record<string, string>>;

export interface LockedBroker {
  readonly edge: Workerd;
  /** Who is measured. */
  readonly owner: Owner;
  readonly device: Headers;
  readonly admin: Headers;
}

export async function startLockedBroker(dir: string): Promise<LockedBroker> {
  const variables = {
    STRANDLINE_AUTH: "jwt",
    STRANDLINE_JWT_SECRET: SECRET,
    STRANDLINE_JWT_ISSUER: ISSUER,
    STRANDLINE_JWT_AUDIENCE: AUDIENCE,
  };
  const edge = await startBroker({ dir, variables });
  try {
    const device = await bearerOf(OWNER.principal, "topic:*:write topic:*:read");
    const admin = await bearerOf("root", "admin");
    await demanded(edge, admin, { method: "POST", path: "/v1/acls", json: { acls: acls() } });
    const quotas = { producer_byte_rate: PLENTY, consumer_byte_rate: PLENTY, request_rate: PLENTY };
    const json: AlterQuotasRequest = { entity: `User:${OWNER.principal}`, quotas };
    await demanded(edge, admin, { method: "PUT", path: "/v1/quotas", json });
    return { edge, owner: OWNER, device, admin };
  } catch (thrown) {
    await edge.kill();
    throw thrown;
  }
}

async function bearerOf(sub: string, scope: string): Promise<Headers> {
  const claims = { sub, scope, namespace: OWNER.namespace, iss: ISSUER, aud: AUDIENCE };
  const token = new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" }).setExpirationTime("1h");
  return { authorization: `Bearer ${await token.sign(bytesOf(SECRET))}` };
}

function acls(): Acl[] {
  return Array.from({ length: ACLS }, (_, index) => ({
    resourceType: "TOPIC",
    resourceName: `of-others-${index}`,
    patternType: index % 3 === 0 ? "PREFIXED" : "LITERAL",
    principal: index % 10 === 0 ? `User:${OWNER.principal}` : `User:other-${index % 100}`,
    operation: index % 2 === 0 ? "WRITE" : "READ",
    permissionType: index % 5 === 0 ? "DENY" : "ALLOW",
  }));
}

async function demanded(
  edge: Workerd,
  headers: Headers,
  { method, path, json }: { readonly method: string; readonly path: string; readonly json: unknown },
): Promise<void> {
  const body = JSON.stringify(json);
  const init = { method, body, headers: { "content-type": "application/json", ...headers } };
  const answer = await fetch(`${edge.url}${path}`, init);
  if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
}
