/** Groups over the objects: of one caller, whose namespace and principal nothing else says. */
import type { Caller } from "./auth/caller.ts";
import { isMemberIdOf, memberIdOf } from "./auth/member-id.ts";
import type { Env } from "./env.ts";
import { groupName } from "./group/group-name.ts";
import type { GroupPort, GroupPorts } from "./operations/group-ports.ts";
import type { EdgePorts } from "./operations/ports.ts";
import { systemClock } from "./system-ports.ts";
import { TopicListings } from "./topic-listing.ts";

const listings = new TopicListings(systemClock);

export function groupPorts(env: Env, caller: Caller, background: EdgePorts["background"]): GroupPorts {
  const { namespace } = caller;
  const controller = (): ReturnType<Env["CONTROLLER"]["get"]> =>
    env.CONTROLLER.get(env.CONTROLLER.idFromName(namespace));
  return {
    of: (groupId) => groupPort(env, namespace, groupId),
    names: async () => await controller().groupNames(),
    topics: async () =>
      await listings.of(namespace, async (known) => await controller().topicListing(known), background),
    memberIdOf: async (name) => await memberIdOf(env, caller, name),
    isOwnMemberId: async (memberId) => await isMemberIdOf(env, caller, memberId),
  };
}

/** Of a change of which topics there are. Also where no answer comes: it may have happened. */
export async function forgetListing<Value>(namespace: string, change: () => Promise<Value>): Promise<Value> {
  try {
    return await change();
  } finally {
    listings.forget(namespace);
  }
}

/** A stub is made for each call, since one that threw stays dead. */
function groupPort({ GROUP }: Env, namespace: string, groupId: string): GroupPort {
  const address = { namespace, groupId };
  const stub = (): ReturnType<Env["GROUP"]["get"]> => GROUP.get(GROUP.idFromName(groupName(address)));
  return {
    heartbeat: async (call) => await stub().heartbeat(address, call),
    describe: async () => await stub().describe(address),
    heldOffsets: async () => await stub().heldOffsets(),
    changeOffsets: async (changes) => await stub().changeOffsets(address, changes),
    remove: async () => await stub().remove(address),
  };
}
