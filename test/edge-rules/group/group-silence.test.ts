/** R22 R27 by chance: an object that is evicted at every wake, sessions of all lengths, alarms that are late. */
import { expect, test } from "vitest";
import { seeded } from "../../harness/seeded.ts";
import { codeOf, GroupLab, LabMember } from "./group-lab.ts";

const SESSIONS_MS = [6_000, 45_000, 300_000, 1_800_000];
const DIE_WITHIN_MS = 600_000;
const LONG_MS = 4 * 1_800_000;

/** Beats now and then, within its session, until it dies. */
interface Heart {
  readonly member: LabMember;
  readonly sessionTimeoutMs: number;
  readonly diesAt: number;
  next: number;
}

class Hearts {
  readonly lab = new GroupLab();
  readonly below: (limit: number) => number;
  readonly hearts: readonly Heart[];
  readonly #beganAt = this.lab.now;
  #alarmAt = Infinity;

  constructor(seed: number) {
    const random = seeded(seed);
    this.below = (limit) => Math.floor(random() * limit);
    this.hearts = Array.from({ length: 1 + this.below(4) }, (_, n) => {
      const sessionTimeoutMs = SESSIONS_MS[this.below(SESSIONS_MS.length)] ?? 45_000;
      const member = new LabMember(this.lab, `m${n}`, { sessionTimeoutMs, rebalanceTimeoutMs: 1_800_000 });
      const diesAt = this.below(2) === 0 ? Infinity : this.below(DIE_WITHIN_MS);
      return { member, sessionTimeoutMs, diesAt, next: this.below(300_000) };
    });
  }

  get living(): readonly Heart[] {
    return this.hearts.filter(({ next, diesAt }) => next < diesAt);
  }

  get age(): number {
    return this.lab.now - this.#beganAt;
  }

  /** False: nothing will ever happen. */
  step(): boolean {
    const { lab, below } = this;
    const heart = this.living.toSorted((one, other) => one.next - other.next)[0];
    const beatAt = this.#beganAt + (heart?.next ?? Infinity);
    const isBeat = heart !== undefined && beatAt <= this.#alarmAt;
    const late = isBeat ? 0 : Math.min(below(3) === 0 ? below(10_000) : below(20), beatAt - this.#alarmAt);
    const at = isBeat ? beatAt : this.#alarmAt + late;
    if (at === Infinity) return false;
    lab.now = Math.max(lab.now, at);
    if (below(3) > 0) lab.evict();
    lab.machine.tick(lab.now);
    lab.settle();
    if (isBeat) {
      expect(codeOf(() => heart.member.beat())).toBe("none");
      heart.next = this.age + 1 + below(heart.sessionTimeoutMs - 1_000);
    } else {
      lab.machine.tickOfAlarm(lab.now);
      lab.settle();
      this.#alarmAt = Infinity;
    }
    if (lab.machine.isEmpty) this.#alarmAt = Infinity;
    else this.#alarmAt = Math.min(this.#alarmAt, Math.max(lab.machine.nextLookMs, lab.now + 1_000));
    return true;
  }
}

test("whoever beats within its session stays, and whoever is dead is gone in the end", () => {
  for (let seed = 0; seed < 80; seed += 1) {
    const storm = new Hearts(seed);
    while (storm.age < LONG_MS && storm.step());
    const there = storm.lab.machine.describe().members.map(({ memberId }) => memberId);
    expect([seed, there.toSorted()]).toEqual([seed, storm.living.map(({ member }) => member.id).toSorted()]);
  }
});
