/** A binary heap of numbered things by their rank: the lowest first, of equal ones the lower number. */
export class Heap {
  readonly #items: [rank: number, id: number][] = [];

  push(rank: number, id: number): void {
    const items = this.#items;
    let at = items.length;
    items.push([rank, id]);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): readonly [rank: number, id: number] | undefined {
    const items = this.#items;
    this.#swap(0, items.length - 1);
    const first = items.pop();
    for (let at = 0; ;) {
      let least = at;
      if (this.#isBefore(2 * at + 1, least)) least = 2 * at + 1;
      if (this.#isBefore(2 * at + 2, least)) least = 2 * at + 2;
      if (least === at) return first;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#items[a];
    const second = this.#items[b];
    if (first === undefined || second === undefined) return false;
    return first[0] !== second[0] ? first[0] < second[0] : first[1] < second[1];
  }

  #swap(a: number, b: number): void {
    const first = this.#items[a];
    const second = this.#items[b];
    if (first === undefined || second === undefined || a === b) return;
    this.#items[a] = second;
    this.#items[b] = first;
  }
}
