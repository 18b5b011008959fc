/** A disk that breaks within one write of an object, for tests that nothing is left half done. */

/**
 * The write after `calm` others throws once it has run; those behind it go through. Reads break nothing, and an object
 * looks after itself in the background. Returns whether it has happened.
 */
export function breakWriteAfter(sql: SqlStorage, calm: number): () => boolean {
  let left = calm;
  let fired = false;
  const exec = sql.exec.bind(sql);
  sql.exec = (query, ...values) => {
    const cursor = exec(query, ...(values as never[]));
    if (query.trimStart().startsWith("SELECT")) return cursor as never;
    left -= 1;
    if (left !== -1) return cursor as never;
    fired = true;
    throw new Error("the disk is gone");
  };
  return () => fired;
}
