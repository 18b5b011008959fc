/** What else a consumer does, while partitions come and go: seeks, pauses, transactions, freezes, events, options. */
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../client/web-ports.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { ConsumerLab, until } from "./consumer-lab.ts";
import { FakeGroup } from "./fake-group.ts";
import { rebalanceWorld } from "./rebalance-world.ts";

test("a seek holds for the ownership it was made in, and one that comes before waits for the first", async () => {
  const { group, lab, consumer, gates, seen, member } = await rebalanceWorld();
  consumer.seek({ topic: "t", partition: 0, offset: 2 });
  await lab.polled();
  member().assign("t-0");
  await until(() => seen.length === 2);
  expect(seen).toEqual(["0c@2", "0d@3"]);
  gates.shut("0a@0");
  consumer.seek({ topic: "t", partition: 0, offset: 0 });
  await until(() => seen.length === 3);
  consumer.seek({ topic: "t", partition: 0, offset: 1 });
  member().lose("t-0");
  group.committed.set("t-0", 3);
  member().assign("t-0");
  gates.open("0a@0");
  await until(() => seen.length === 4);
  expect(seen.slice(2)).toEqual(["0a@0", "0d@3"]);
});

test("a paused partition is released, and stays paused where it comes back", async () => {
  const { group, lab, consumer, gates, seen, member, of } = await rebalanceWorld();
  gates.shut("0a@0");
  member().assign("t-0", "t-1");
  await until(() => seen.includes("0a@0") && seen.includes("1d@3"));
  consumer.pause([{ topic: "t", partitions: [0] }]);
  gates.open("0a@0");
  await until(() => group.committed.get("t-0") === 1);
  member().revoke("t-0");
  await until(() => group.told.includes("release t-0"));
  member().assign("t-0");
  await lab.polled();
  expect(of(seen, 0)).toEqual(["0a@0"]);
  consumer.resume([{ topic: "t", partitions: [0] }]);
  await until(() => seen.includes("0d@3"));
  expect(of(seen, 0)).toEqual(["0a@0", "0b@1", "0c@2", "0d@3"]);
});

test("a transaction of an ownership that is lost changes nothing", async () => {
  const gate = Promise.withResolvers<void>();
  const [seen, fenced]: [number[], number[]] = [[], []];
  const { lab, consumer, member } = await rebalanceWorld({
    run: {
      eachMessage: async ({ partition, tx }) => {
        tx.state.put("k", 1);
        seen.push(partition);
        await gate.promise;
      },
    },
  });
  consumer.on("fenced", ({ partition }) => fenced.push(partition));
  member().assign("t-0");
  await until(() => seen.length === 1);
  member().lose("t-0");
  gate.resolve();
  await until(() => fenced.length === 1);
  const { replica } = lab.tab.log;
  expect(await replica.committed("g", await lab.tab.ref("t-0"))).toBe(null);
});

test("while the session may be over no handler is begun", async () => {
  const { group, gates, seen, member } = await rebalanceWorld();
  gates.shut("0b@1");
  member().assign("t-0");
  await until(() => seen.includes("0b@1"));
  member().hold(true);
  await systemClock.sleep(20);
  gates.open("0b@1");
  await systemClock.sleep(20);
  expect(seen).toEqual(["0a@0", "0b@1"]);
  member().hold(false);
  await until(() => group.committed.get("t-0") === 4);
});

test("a consumer that is stopped while its session may be over does not wait for the group's word", async () => {
  const { group, gates, seen, payloads, consumer, member } = await rebalanceWorld();
  gates.shut("0b@1");
  member().assign("t-0");
  await until(() => seen.includes("0b@1"));
  member().hold(true);
  await payloads.get("0b@1")?.heartbeat();
  gates.open("0b@1");
  await systemClock.sleep(20);
  await consumer.stop();
  await until(() => group.living.length === 0);
  expect(seen).toEqual(["0a@0", "0b@1"]);
  expect(group.committed.get("t-0")).toBe(2);
});

test("a page that slept for longer than a session asks before it hands out another record", async () => {
  let jumpMs = 0;
  const clock = {
    now: () => systemClock.now() + jumpMs,
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms, signal),
  };
  const { gates, seen, done, member, of } = await rebalanceWorld({ clock });
  gates.shut("0b@1");
  member().assign("t-0", "t-1");
  await until(() => seen.includes("0b@1") && done.includes("1d@3"));
  // In one task, as after a freeze: the worker knows of the loss, and the page does not yet.
  jumpMs = 9_000;
  gates.open("0b@1");
  member().lose("t-0");
  await until(() => done.includes("0b@1"));
  member().assign("t-2");
  await until(() => done.includes("2d@3"));
  expect(of(seen, 0)).toEqual(["0a@0", "0b@1"]);
});

test("what the group tells is heard while a handler works; a failure for good ends the consumer", async () => {
  const { consumer, gates, seen, told, member } = await rebalanceWorld();
  const beats: unknown[] = [];
  consumer.on("heartbeat", ({ payload }) => beats.push(payload));
  gates.shut("0a@0");
  member().assign("t-0");
  await until(() => seen.length === 1);
  member().beat();
  member().fenced("t-0", 3, 9);
  member().fail(new StrandlineError("COORDINATOR_NOT_AVAILABLE", "for now"), false);
  await until(() => told.some((each) => each.startsWith("crash")));
  expect(beats).toEqual([{ groupId: "g", memberId: "m0", groupGenerationId: 7 }]);
  expect(told).toContain("fenced t-0 3-9 FENCED_MEMBER_EPOCH");
  gates.open("0a@0");
  const ended = Promise.withResolvers<unknown>();
  consumer.on("crash", ({ error, restart }) => {
    if (!restart) ended.resolve(error);
  });
  member().fail(new StrandlineError("UNSUPPORTED_ASSIGNOR", "mine"), true);
  expect(await ended.promise).toMatchObject({ code: "UNSUPPORTED_ASSIGNOR" });
});

test("the group hears that handlers get on though no poll is due, and of one that hangs it does not", async () => {
  const { gates, seen, payloads, member } = await rebalanceWorld();
  gates.shut("0a@0", "0b@1");
  member().assign("t-0");
  await until(() => seen.includes("0a@0"));
  // The answer read ahead is there: no more is asked for until these are handled.
  await systemClock.sleep(100);
  const { polls } = member();
  member().hold(false);
  await systemClock.sleep(20);
  expect(member().polls).toBe(polls);
  await payloads.get("0a@0")?.heartbeat();
  member().hold(false);
  await until(() => member().polls > polls);
  gates.open("0a@0");
  gates.open("0b@1");
});

test("what is said of the group is checked, and a group at the edge needs one", async () => {
  const lab = await ConsumerLab.open({ localPartitionCount: 1 });
  const bad: Record<string, unknown> = {
    coordinator: "cloud",
    groupInstanceId: "",
    sessionTimeout: 0,
    heartbeatInterval: 45_000,
    maxPollInterval: 1.5,
    partitionAssigners: [() => {}],
  };
  for (const [option, value] of Object.entries(bad))
    expect(() => lab.consumer({ groupId: "g", [option]: value } as never)).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        details: expect.objectContaining({ option }) as unknown,
      }) as Error,
    );
  expect(() => lab.consumer({ coordinator: "edge" })).toThrow(/coordinator without groupId/);
  const consumer = lab.consumer({ groupId: "g", coordinator: "edge" });
  await consumer.subscribe({ topic: "t" });
  await expect(consumer.run({ eachMessage: () => {} })).rejects.toMatchObject({
    code: "UNSUPPORTED_OPERATION",
    details: { option: "url" },
  });
});

test("a worker that ends while a consumer is being opened leaves no member behind", async () => {
  const group = new FakeGroup();
  const opening = (): void => queueMicrotask(() => lab.kills === 0 && lab.kill());
  const lab = await ConsumerLab.open({ localPartitionCount: 1, groups: group.groups, opening });
  const consumer = lab.consumer({ groupId: "g" });
  await consumer.subscribe({ topic: "t" });
  await consumer.run({ eachMessage: () => {} });
  await until(() => group.members.length === 2);
  await until(() => group.living.length === 1);
  expect(group.members.map(({ closed }) => closed)).toEqual([true, false]);
  await consumer.stop();
});

test("tx in a group at the edge says that it needs one of the device", async () => {
  const { consumer, told, group, member } = await rebalanceWorld({
    run: { eachMessage: ({ tx }) => tx.state.put("k", 1) },
  });
  await consumer.stop();
  const lab = await ConsumerLab.open({ localPartitionCount: 1, groups: { edge: group.groups.device } });
  await lab.append("t-0: a");
  const other = lab.consumer({ groupId: "g", coordinator: "edge" });
  const errors: unknown[] = [];
  other.on("crash", ({ error }) => errors.push(error));
  await other.subscribe({ topic: "t", fromBeginning: true });
  await other.run({ eachMessage: ({ tx }) => tx.state.put("k", 1) });
  onTestFinished(() => other.stop());
  await until(() => group.members.length === 2 && member().knows("t-0"));
  member().assign("t-0");
  await until(() => errors.length > 0);
  expect(errors[0]).toMatchObject({ code: "UNSUPPORTED_OPERATION", details: { option: "coordinator" } });
  expect(told.filter((each) => each.startsWith("crash"))).toEqual([]);
});
