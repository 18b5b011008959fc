import "./broken-idb.ts";
import "../../client/worker.ts";
