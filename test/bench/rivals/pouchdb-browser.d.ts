/** What the bench uses of it: the package brings no types. */
declare module "pouchdb-browser" {
  class PouchDB<Content> {
    constructor(name: string, options?: { readonly adapter?: string; readonly auto_compaction?: boolean });
    bulkDocs(documents: readonly (Content & { readonly _id: string })[]): Promise<unknown>;
    put(document: Content & { readonly _id: string }): Promise<unknown>;
    destroy(): Promise<void>;
  }
  export { PouchDB as default };
}
