/** The yardstick: IndexedDB with nothing around it, one value per strict transaction. */
export class RawPuts {
  readonly #database: IDBDatabase;
  #key = 0;

  private constructor(database: IDBDatabase) {
    this.#database = database;
  }

  static async open(name: string): Promise<RawPuts> {
    const request = indexedDB.open(name, 1);
    request.addEventListener("upgradeneeded", () => request.result.createObjectStore("pending"));
    await settled(request);
    return new RawPuts(request.result);
  }

  /** Resolves on `complete`. */
  put(bytes: Uint8Array): Promise<void> {
    const transaction = this.#database.transaction("pending", "readwrite", { durability: "strict" });
    transaction.objectStore("pending").put({ bytes, count: 1, createdAt: 0 }, [1, 0, (this.#key += 1)]);
    return new Promise((resolve, reject) => {
      transaction.addEventListener("complete", () => resolve());
      transaction.addEventListener("abort", () => reject(new Error("aborted", { cause: transaction.error })));
    });
  }

  close(): void {
    this.#database.close();
  }
}

export async function deleteDatabase(name: string): Promise<void> {
  await settled(indexedDB.deleteDatabase(name));
}

function settled(request: IDBRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve());
    request.addEventListener("error", () => reject(new Error("failed", { cause: request.error })));
  });
}
