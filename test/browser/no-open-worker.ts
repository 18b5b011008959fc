/** The library's worker in a browser whose `indexedDB.open` never tells how it went, as WebKit's has been seen to do. */
import "./silent-open.ts";
import "../../client/worker.ts";
