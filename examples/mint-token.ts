/**
 * Signs a token for an edge with `STRANDLINE_JWT_SECRET`, as your own service would, from the settings of that edge:
 *
 *   node --env-file=.dev.vars examples/mint-token.ts <principal> <namespace> <scopes> [seconds]
 */
import { SignJWT } from "jose";

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

const [principal, namespace, scope, seconds = "300"] = process.argv.slice(2);
if (principal === undefined || namespace === undefined || scope === undefined)
  throw new Error("usage: node --env-file=.dev.vars examples/mint-token.ts <principal> <namespace> <scopes> [seconds]");

const secret = new TextEncoder().encode(setting("STRANDLINE_JWT_SECRET"));
const now = Math.floor(Date.now() / 1_000);
const token = await new SignJWT({ namespace, scope })
  .setProtectedHeader({ alg: "HS256", typ: "JWT" })
  .setIssuer(setting("STRANDLINE_JWT_ISSUER"))
  .setAudience(setting("STRANDLINE_JWT_AUDIENCE"))
  .setSubject(principal)
  .setJti(crypto.randomUUID())
  .setIssuedAt(now)
  .setExpirationTime(now + Number(seconds))
  .sign(secret);
console.log(token);
