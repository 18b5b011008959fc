/** A member whose credential is not to be had for a while: what it has handled is kept until there is one again. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import type { GroupDevice } from "../../sim/simulated-member.ts";
import { GroupLab } from "./group-lab.ts";

let lab: GroupLab;
let device: GroupDevice;
beforeEach(() => {
  lab = new GroupLab();
  device = lab.device();
});
afterEach(async () => await lab.close());

/** Offline, `auth` has nobody to ask. */
const noToken = { error: new StrandlineError("SASL_AUTHENTICATION_FAILED", "auth failed") };

test("a commit without a credential is kept, nothing is lost by it, and it stands once there is one", async () => {
  const tab = await lab.tab({ device });
  await lab.owning(tab, 0, 1, 2, 3);
  device.fault = () => noToken;
  expect(await lab.during(tab.commit([0, 4], [1, 4]))).toEqual([]);
  expect(tab.owned).toEqual([0, 1, 2, 3]);
  device.fault = () => null;
  await lab.clock.until("stands", () => lab.group.committed(0) === 4 && lab.group.committed(1) === 4);
  expect(tab.fenced).toEqual([]);
});

test("what an earlier page has kept is not given up where the next one has no credential yet", async () => {
  const tab = await lab.tab({ device });
  await lab.owning(tab, 0, 1, 2, 3);
  device.online = false;
  await lab.during(tab.commit([0, 4]));
  tab.kill();
  device.fault = () => noToken;
  const next = await lab.tab({ device });
  await lab.clock.until("told", () => next.failures.length === 1);
  await lab.clock.advance(60_000);
  expect([next.failures, next.fenced]).toEqual([["SASL_AUTHENTICATION_FAILED"], []]);
  device.fault = () => null;
  await lab.clock.until("stands", () => lab.group.committed(0) === 4);
  await lab.owning(next, 0, 1, 2, 3);
  expect(next.fenced).toEqual([]);
});
