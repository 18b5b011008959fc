/** The comparator: plain IndexedDB in a worker, strict, with no library between. */
export interface RawPutRequest {
  readonly id: number;
  readonly database: string;
  readonly buffer: ArrayBuffer;
}

let opened: Promise<IDBDatabase> | null = null;
let key = 0;

function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.addEventListener("upgradeneeded", () => request.result.createObjectStore("raw"));
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("open")));
  });
}

async function put(database: string, buffer: ArrayBuffer): Promise<void> {
  const db = await (opened ??= open(database));
  const transaction = db.transaction("raw", "readwrite", { durability: "strict" });
  key += 1;
  transaction.objectStore("raw").put(new Uint8Array(buffer), key);
  await new Promise<void>((resolve, reject) => {
    transaction.addEventListener("complete", () => resolve());
    transaction.addEventListener("abort", () => reject(transaction.error ?? new Error("abort")));
  });
}

self.addEventListener("message", (event: MessageEvent<RawPutRequest>) => {
  const { id, database, buffer } = event.data;
  put(database, buffer).then(
    () => self.postMessage({ id }),
    (error: unknown) => self.postMessage({ id, error: String(error) }),
  );
});
