interface Owner {
  readonly owned: ReadonlySet<number>;
}

/**
 * How many partitions have to move that shares differ by one at most: whoever is there still keeps up to its share, where
 * the larger shares go to those that have most.
 */
export function optimumOfMoves(before: ReadonlyMap<number, Owner>, members: readonly Owner[]): number {
  const loads = new Map(members.map((member) => [member, 0]));
  let partitions = 0;
  for (const owner of before.values()) if (loads.has(owner)) loads.set(owner, (loads.get(owner) ?? 0) + 1);
  for (const { owned } of members) partitions += owned.size;
  const share = Math.floor(partitions / members.length);
  const larger = partitions % members.length;
  const kept = [...loads.values()]
    .toSorted((a, b) => b - a)
    .reduce((sum, load, index) => sum + Math.min(load, index < larger ? share + 1 : share), 0);
  return partitions - kept;
}
