/** Answers in the order of the items; at most so many are worked on at once. Rejects as soon as one does. */
export async function inParallel<Item, Answer>(
  items: readonly Item[],
  atOnceMax: number,
  work: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const rest = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of rest) answers[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnceMax, items.length) }, lane));
  return answers;
}
