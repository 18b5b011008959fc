/** A group at the real edge: processes that share partitions, one of which is killed. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { groupTransport } from "../../client/group/edge-transport.ts";
import { Strandline } from "../../client/http.ts";
import { TailBeats } from "../../client/sync/tail-beats.ts";
import { webTail } from "../../client/sync/web-tail.ts";
import { systemClock } from "../../client/web-ports.ts";
import type { GroupOffsets } from "../../shared/api/groups.ts";
import { SOCKET_PROTOCOL } from "../../shared/api/tickets.ts";
import { ROOT } from "../harness/paths.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { startBroker } from "../harness/workerd-broker.ts";
import type { Workerd } from "../harness/workerd.ts";

const PARTITIONS = 6;
const RECORDS = 600;
/** Of the one that is killed: not before it is heard of where it is only slow. */
const SESSION_MS = 12_000;
/** Of the one that is not: longer than the test. */
const LONG_SESSION_MS = 300_000;

/** What a process handled, as it says it: `{ partition, offset }`, before it commits. */
interface Handled {
  readonly partition: number;
  readonly offset: number;
}

class Member {
  readonly handled: Handled[] = [];
  readonly owned: number[] = [];
  readonly #process: ChildProcess;
  readonly #heard = new Set<() => void>();

  constructor(url: string, topic: string, sessionTimeout: number) {
    const script = `
      import { Strandline } from "./client/http.ts";
      const client = new Strandline({ url: ${JSON.stringify(url)} });
      const config = { groupId: "g", coordinator: "edge", sessionTimeout: ${sessionTimeout}, heartbeatInterval: 500 };
      const consumer = client.consumer(config);
      const say = (said) => console.log(JSON.stringify(said));
      const mine = ({ memberAssignment }) => say({ owned: memberAssignment[${JSON.stringify(topic)}] ?? [] });
      consumer.on("group_join", mine);
      await consumer.subscribe({ topic: ${JSON.stringify(topic)}, fromBeginning: true });
      await consumer.run({
        autoCommitThreshold: 5,
        eachMessage: async ({ partition, message }) => {
          say({ partition, offset: Number(message.offset) });
          await new Promise((resolve) => setTimeout(resolve, 5));
        },
      });
    `;
    const flags = ["--input-type=module-typescript", "-e", script];
    this.#process = spawn(process.execPath, flags, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
    if (this.#process.stdout === null) throw new Error("it says nothing");
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#hear(line));
  }

  #hear(line: string): void {
    const said = JSON.parse(line) as Handled | { readonly owned: number[] };
    if ("owned" in said) this.owned.splice(0, Infinity, ...said.owned);
    else this.handled.push(said);
    for (const heard of this.#heard) heard();
  }

  async until(isSo: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const heard = (): void => {
        if (!isSo()) return;
        this.#heard.delete(heard);
        resolve();
      };
      this.#heard.add(heard);
      heard();
    });
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await gone;
  }
}

async function committedOf(url: string): Promise<Map<number, number>> {
  const answer = (await (await fetch(`${url}/v1/groups/g/offsets`)).json()) as GroupOffsets;
  return new Map(answer.offsets.map(({ partition, committed }) => [partition, committed?.offset ?? 0]));
}

let dir: Awaited<ReturnType<typeof tempDir>>;
let broker: Workerd;
const members: Member[] = [];
beforeAll(async () => {
  dir = await tempDir("groups");
  broker = await startBroker({ dir: dir.path });
});
afterEach(async () => {
  await Promise.all(members.splice(0).map((member) => member.kill()));
});
afterAll(async () => {
  await broker.kill();
  await dir.remove();
});

test(
  "two processes share six partitions; one is killed, and the other goes on behind what was committed",
  { timeout: 120_000 },
  async () => {
    const client = new Strandline({ url: broker.url });
    await client.admin().createTopics({ topics: [{ topic: "shared", numPartitions: PARTITIONS }] });
    const send = async (): Promise<void> => {
      const messages = Array.from({ length: RECORDS / 2 }, (_, at) => ({
        partition: at % PARTITIONS,
        value: `v${at}`,
      }));
      await client.producer().send({ topic: "shared", acks: -1, messages });
    };
    const start = (sessionTimeout: number): Member => {
      const member = new Member(broker.url, "shared", sessionTimeout);
      members.push(member);
      return member;
    };
    await send();
    const first = start(SESSION_MS);
    await first.until(() => first.handled.length === RECORDS / 2);
    const second = start(LONG_SESSION_MS);
    await second.until(() => second.owned.length === PARTITIONS / 2);
    await first.until(() => first.owned.length === PARTITIONS / 2);
    expect([...first.owned, ...second.owned].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
    const its = [...first.owned];
    await send();
    await first.until(() => first.handled.length > RECORDS / 2 + 20);
    await first.kill();
    const committed = await committedOf(broker.url);
    const all = (): Handled[] => [...first.handled, ...second.handled];
    const seen = (): number => new Set(all().map(({ partition, offset }) => `${partition}@${offset}`)).size;
    await second.until(() => seen() === RECORDS && second.owned.length === PARTITIONS);
    // What was handled before the second joined does not come again, nor does what was committed since.
    for (const partition of its) {
      const began = second.handled.find((one) => one.partition === partition)?.offset ?? RECORDS / PARTITIONS;
      expect(committed.get(partition)).toBeGreaterThanOrEqual(RECORDS / 2 / PARTITIONS);
      expect(began).toBeGreaterThanOrEqual(committed.get(partition) ?? Infinity);
    }
    for (const partition of [0, 1, 2, 3, 4, 5].filter((one) => !its.includes(one)))
      expect(second.handled.find((one) => one.partition === partition)?.offset).toBe(RECORDS / 2 / PARTITIONS);
    await client.close();
  },
);

test("heartbeats go over a tail's socket, and are answered and refused as by requests", async () => {
  const admin = new Strandline({ url: broker.url });
  await admin.admin().createTopics({ topics: [{ topic: "by-socket", numPartitions: 2 }] });
  await admin.close();
  const web = webTail(broker.url, false);
  if (web === null) throw new Error("there are no sockets here");
  const beats = new TailBeats(systemClock);
  const { signal } = new AbortController();
  const deaf = { received: () => {}, closed: () => {} };
  const socket = await beats.over(web).connect([SOCKET_PROTOCOL], deaf, signal);
  const request = (): Promise<never> => Promise.reject(new Error("said by a request"));
  const transport = groupTransport({ groupId: "by-socket", request, beats });
  const options = { timeoutMs: 60_000, signal };
  const subscription = { topics: ["by-socket"], patterns: [] };
  const name = "0123456789abcdefghijkl";
  const joined = await transport.heartbeat({ memberId: name, memberEpoch: 0, owned: [], subscription }, options);
  expect(joined.assignment).toMatchObject([{ topic: "by-socket", partitions: [{ partition: 0 }, { partition: 1 }] }]);
  const { memberId, memberEpoch } = joined;
  expect(memberId).not.toBe(name);
  const owned = joined.assignment.map(({ topicId, partitions }) => ({
    topicId,
    partitions: partitions.map(({ partition }) => partition),
  }));
  expect((await transport.heartbeat({ memberId, memberEpoch, owned }, options)).memberEpoch).toBe(memberEpoch);
  const ahead = transport.heartbeat({ memberId, memberEpoch: memberEpoch + 1, owned }, options);
  await expect(ahead).rejects.toMatchObject({ code: "FENCED_MEMBER_EPOCH" });
  await expect(transport.heartbeat({ memberId: "x.y", memberEpoch, owned }, options)).rejects.toMatchObject({
    code: "UNKNOWN_MEMBER_ID",
  });
  socket.close();
});
