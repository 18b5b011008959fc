/**
 * Topics that a group has met and that were deleted since. Else a group of topics that come and go would outgrow its row
 * one day, and could take nobody in or out.
 */
import type { TopicId } from "../../shared/brands.ts";
import type { GroupMachine } from "./group-machine.ts";
import type { Where } from "./group-store.ts";

/** So many that nobody reads are kept before it is asked whether they are still there. */
const UNREAD_MAX = 100;

/** `ask`: for all topics of the namespace; null: they are not told. */
export async function goneTopics(
  machine: GroupMachine,
  ask: () => Promise<{ readonly topics: readonly { readonly topicId: TopicId }[] | null }>,
): Promise<ReadonlySet<TopicId>> {
  const unread = machine.unreadTopics();
  if (unread.length < UNREAD_MAX) return new Set();
  const { topics } = await ask();
  const there = new Set((topics ?? []).map(({ topicId }) => topicId));
  return new Set(topics === null ? [] : unread.filter((topicId) => !there.has(topicId)));
}

/** The same one where it says nothing of them. */
export function withoutPlaces(where: Where, gone: ReadonlySet<TopicId>): Where {
  const all = Object.entries(where.places);
  const places = all.filter(([topicId]) => !gone.has(topicId as TopicId));
  return places.length === all.length ? where : { ...where, places: Object.fromEntries(places) };
}
