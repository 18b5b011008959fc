/** A group under everything at once, by chance: what its partitions accept, and what its members are told of it, holds. */
import { afterEach, expect, test, vi } from "vitest";
import { PartitionObject } from "../../../edge/worker.ts";
import type { GroupHeartbeat } from "../../../shared/api/groups.ts";
import type { TopicId } from "../../../shared/brands.ts";
import { seeded } from "../../harness/seeded.ts";
import { call, newPlace } from "../edge.ts";
import { produce } from "../rest-consumers/consumer-lab.ts";
import { beatOverHttp, describeGroup, evictGroup, Member, newGroup, runGroupAlarm, type Beat } from "./group-lab.ts";

afterEach(() => void vi.restoreAllMocks());

const RECORDS = 20;
const YEARS_10_MS = 10 * 365 * 86_400_000;

class Storm {
  readonly below: (limit: number) => number;
  readonly group = newGroup();
  readonly all: Member[] = [];
  /** Not killed, as far as they know. */
  alive: Member[] = [];
  readonly sent: GroupHeartbeat[] = [];
  /** By partition: who heard last that it is its own, and where the group is. */
  readonly owners = new Map<string, Member>();
  /** What each was granted in its life. */
  readonly heard = new Map<Member | undefined, ReadonlySet<string>>();
  readonly committed = new Map<string, number>();
  readonly cut = new Set<number>();
  refusals = 0;
  accepted = 0;
  at = Date.now();
  isLossy = true;
  topic = { name: "", topicId: "" as TopicId };
  partitionCount = 4;

  constructor(seed: number) {
    const random = seeded(seed);
    this.below = (limit) => Math.floor(random() * limit);
  }

  async begin(): Promise<void> {
    this.topic = await newPlace({}, this.partitionCount);
    for (let partition = 0; partition < this.partitionCount; partition += 1) await this.fill(partition);
    vi.spyOn(Date, "now").mockImplementation(() => this.at);
    const real = Reflect.get(PartitionObject.prototype, "fence") as PartitionObject["fence"];
    const { below, cut } = this;
    vi.spyOn(PartitionObject.prototype, "fence").mockImplementation(async function (
      this: PartitionObject,
      at,
      request,
    ) {
      if (cut.has(at.partition) && below(2) === 0) throw new Error("it did not come");
      const answer = await real.call(this, at, request);
      if (cut.has(at.partition)) throw new Error("the answer did not come");
      return answer;
    });
  }

  async fill(partition: number): Promise<void> {
    await produce(this.topic.name, partition, ...Array.from({ length: RECORDS }, (_, n) => n));
  }

  one(of: readonly Member[]): Member | undefined {
    return of[this.below(of.length)];
  }

  readonly #beat: Beat = async (group, json) => {
    this.sent.push(json);
    const said = await beatOverHttp(group, json);
    if (this.isLossy && this.below(6) === 0) throw new Error("lost");
    return said;
  };

  join(): void {
    const member = new Member(this.group, { topics: [this.topic.name], beat: this.#beat });
    this.all.push(member);
    this.alive.push(member);
  }

  async beat(member: Member | undefined): Promise<void> {
    if (member === undefined) return;
    const before = new Set(member.owned.keys());
    await member.beat().catch(() => undefined);
    if (member.error !== null) {
      if (!/NOT_AVAILABLE|STORAGE/.test(member.error.code)) this.alive = this.alive.filter((one) => one !== member);
      return;
    }
    for (const [key, offset] of member.owned) {
      if (before.has(key)) continue;
      this.owners.set(key, member);
      this.heard.set(member, new Set([...(this.heard.get(member) ?? []), key]));
      expect([key, offset?.offset]).toEqual([key, this.committed.get(key)]);
    }
  }

  async commit(member: Member | undefined): Promise<void> {
    const key = [...(this.heard.get(member) ?? [])][this.below(4)];
    if (member === undefined || key === undefined) return;
    const partition = Number(key.split(":")[1]);
    const offset = this.below(RECORDS);
    const code = await member.commit(this.topic.topicId, partition, offset);
    if (code !== "ok") this.refusals += 1;
    else {
      expect(this.owners.get(key)).toBe(member);
      this.committed.set(key, offset);
      this.accepted += 1;
    }
  }

  async step(): Promise<void> {
    this.at += this.below(4_000);
    const dice = this.below(100);
    if (dice < 45) await this.beat(this.one(this.alive));
    else if (dice < 65) await this.commit(this.one(this.all));
    else if (dice < 75) {
      const again = this.sent[this.below(this.sent.length)];
      if (again !== undefined) await beatOverHttp(this.group, again);
    } else if (dice < 80) await evictGroup(this.group);
    else if (dice < 84) await runGroupAlarm(this.group);
    else if (dice < 89) this.cut.add(this.below(this.partitionCount));
    else if (dice < 92) this.cut.clear();
    else if (dice < 94) this.join();
    else if (dice < 95) this.alive = this.alive.slice(1);
    else if (dice < 96) this.at += (this.below(3) - 1) * YEARS_10_MS;
    else if (dice < 97 && this.partitionCount < 8) await this.grow();
    else if (dice < 98) {
      const gone = this.alive.pop();
      if (gone !== undefined && gone.memberId !== "") await gone.leave();
    } else this.at += 46_000;
  }

  async grow(): Promise<void> {
    const json = { partitionCount: this.partitionCount + 1 };
    expect((await call(`/v1/topics/${this.topic.name}/partitions`, { json })).status).toBe(200);
    await this.fill(this.partitionCount);
    this.partitionCount += 1;
  }
}

test.each(Array.from({ length: 4 }, (_, seed) => seed))(
  "R19 R20 R22 R27 whatever happens to it, seed %d",
  async (seed) => {
    vi.spyOn(console, "warn").mockReturnValue();
    const storm = new Storm(seed);
    await storm.begin();
    for (let joins = 0; joins < 3; joins += 1) storm.join();
    for (let step = 0; step < 250; step += 1) await storm.step();
    storm.cut.clear();
    storm.isLossy = false;
    storm.join();
    // Whoever was killed, or is a ghost of a join that came again, goes after its session.
    for (let round = 0; ; round += 1) {
      if (round > 60) throw new Error(`it does not settle: ${JSON.stringify(await describeGroup(storm.group))}`);
      storm.at += 5_000;
      for (const one of storm.alive) await storm.beat(one);
      await runGroupAlarm(storm.group);
      const owned = storm.alive.flatMap((one) => one.partitions);
      const { members } = await describeGroup(storm.group);
      if (members.length === storm.alive.length && owned.length === storm.partitionCount) {
        expect(new Set(owned).size).toBe(storm.partitionCount);
        break;
      }
    }
    expect(storm.accepted).toBeGreaterThan(0);
    expect(storm.refusals).toBeGreaterThan(0);
  },
  60_000,
);
