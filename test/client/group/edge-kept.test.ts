/** What an earlier life of a device has kept, where it is long under way. */
import { afterEach, expect, test } from "vitest";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { noNetwork } from "../../sim/simulated-member.ts";
import { GroupLab } from "./group-lab.ts";

const lab = new GroupLab();
afterEach(async () => await lab.close());

test("kept commits that are under way for longer than a heartbeat lasts, and fail, are sent again", async () => {
  const device = lab.device();
  const tab = await lab.tab({ device });
  await lab.owning(tab, 0, 1, 2, 3);
  device.online = false;
  await lab.during(tab.commit([0, 4]));
  tab.kill();
  const unreachable = new StrandlineError("KAFKA_STORAGE_ERROR", "").toBody();
  device.online = true;
  // The partition is away, then the network is slow, and fails.
  device.answers = ({ offsets }) => ({ offsets: offsets.map((each) => ({ ...each, error: unreachable })) });
  const next = await lab.tab({ device });
  let isSlow = false;
  let sent = 0;
  const meets = (kind: string): boolean => isSlow && kind === "commit";
  device.delayMs = ({ kind }) => (meets(kind) ? 8_000 : 20);
  device.fault = ({ kind }) => {
    if (!meets(kind)) return null;
    sent += 1;
    return { error: noNetwork() };
  };
  await lab.clock.until("it is joining", () => device.said.at(-1)?.body.memberEpoch === 0, 90_000);
  isSlow = true;
  await lab.clock.until("it is under way", () => sent > 0, 90_000);
  await lab.clock.advance(9_000);
  isSlow = false;
  device.answers = (_, answer) => answer();
  await lab.clock.until("it stands", () => lab.group.committed(0) === 4, 90_000);
  expect(next.fenced).toEqual([]);
});
