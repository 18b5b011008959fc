/** REST consumers over their objects: of one caller. A stub is made for each call, since one that threw stays dead. */
import type { Caller } from "./auth/caller.ts";
import type { Env } from "./env.ts";
import { consumerName, type ConsumerPort } from "./rest-consumer/consumer-calls.ts";

export function consumerPort(
  { REST_CONSUMER }: Env,
  { namespace, principal }: Caller,
  instance: { readonly groupId: string; readonly instanceId: string },
): ConsumerPort {
  const address = { namespace, ...instance };
  const stub = (): ReturnType<Env["REST_CONSUMER"]["get"]> =>
    REST_CONSUMER.get(REST_CONSUMER.idFromName(consumerName(address)));
  return {
    create: async (config) => await stub().create({ ...address, principal }, config),
    read: async (asked) => await stub().read(principal, asked),
    write: async (version, state) => await stub().write(principal, version, state),
    remove: async () => await stub().remove(principal),
  };
}
