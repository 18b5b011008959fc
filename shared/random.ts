/** Randomness, injected so that a run can be repeated from its seed. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** Unpredictable bytes: keys and ids. */
  bytes(length: number): Uint8Array;
}
