/**
 * How the members of a device's group share its partitions: each computes the same of what all of them read. Fair within
 * one, and who comes or goes moves few partitions: each pair of a member and a partition has a weight of its own, and
 * the heaviest pairs count while the member has room.
 */

interface Class {
  readonly readers: readonly string[];
  readonly partitions: string[];
}

/** By member: what it reads. The member of each partition that somebody reads. */
export function fairShare(members: ReadonlyMap<string, readonly string[]>): Map<string, string> {
  const owners = new Map<string, string>();
  const load = new Map(Array.from(members.keys(), (member) => [member, 0]));
  for (const each of classesOf(members)) place(each, load, owners);
  return owners;
}

/** Partitions by who reads them; those that few read first, so that they who read more can make up for it. */
function classesOf(members: ReadonlyMap<string, readonly string[]>): Class[] {
  const readersOf = new Map<string, string[]>();
  for (const member of [...members.keys()].toSorted())
    for (const partition of members.get(member) ?? []) {
      const readers = readersOf.get(partition);
      if (readers === undefined) readersOf.set(partition, [member]);
      else readers.push(member);
    }
  const classes = new Map<string, Class>();
  for (const [partition, readers] of readersOf) {
    const name = readers.join();
    const known = classes.get(name);
    if (known === undefined) classes.set(name, { readers, partitions: [partition] });
    else known.partitions.push(partition);
  }
  return [...classes]
    .toSorted(([a, { readers: of }], [b, { readers: and }]) => of.length - and.length || (a < b ? -1 : 1))
    .map(([, each]) => each);
}

function place({ readers, partitions }: Class, load: Map<string, number>, owners: Map<string, string>): void {
  const room = roomOf(readers, partitions.length, load);
  const pairs = readers.flatMap((member) =>
    partitions.map((partition) => ({ member, partition, weight: weightOf(`${member} ${partition}`) })),
  );
  pairs.sort((a, b) => a.weight - b.weight || (a.member + a.partition < b.member + b.partition ? -1 : 1));
  for (const { member, partition } of pairs) {
    const left = room.get(member) ?? 0;
    if (left === 0 || owners.has(partition)) continue;
    room.set(member, left - 1);
    owners.set(partition, member);
  }
}

/** Each further partition is for the one that has least; of several for the one that came first, so that nothing moves for it. */
function roomOf(readers: readonly string[], count: number, load: Map<string, number>): Map<string, number> {
  const room = new Map<string, number>();
  for (let given = 0; given < count; given += 1) {
    let least = readers[0] ?? "";
    for (const member of readers) if ((load.get(member) ?? 0) < (load.get(least) ?? 0)) least = member;
    load.set(least, (load.get(least) ?? 0) + 1);
    room.set(least, (room.get(least) ?? 0) + 1);
  }
  return room;
}

/** FNV-1a, and mixed once more: names differ in their last letters alone. */
function weightOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
