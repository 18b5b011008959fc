import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { beforeEach } from "vitest";
import { upgradeSuite } from "../../conformance/upgrade-suite.ts";

beforeEach(() => void (globalThis.indexedDB = new IDBFactory()));

upgradeSuite(() => "device");
