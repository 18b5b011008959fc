/**
 * `GET /v1/tail`, a WebSocket: one for a device, for many partitions. A reader subscribes to a partition from an offset;
 * what is there comes at once, what is appended later follows, without a gap or a repeat between the two.
 *
 * Client to edge, JSON text: `TailClientFrame`; and the text `ping`, answered by the text `pong`.
 * Edge to client, JSON text: `TailEdgeFrame`. Binary: the records of one subscription,
 *
 *   records => id:uint32 envelope            head `TailRecordsHead`, one payload: whole batches
 *
 * The reader pulls: of a subscription at most `windowBytes` are under way that it has not acknowledged. Every frame can
 * be the last: a reader goes on elsewhere by subscribing at the `nextOffset` of the last frame it has dealt with.
 */
import type { Crc, LeaderEpoch, TopicId } from "../brands.ts";
import type { GroupAssignment, GroupHeartbeat } from "./groups.ts";
import type { ErrorBody } from "../strandline-error.ts";

export interface TailSubscribe {
  readonly type: "subscribe";
  /** Names the subscription on this socket; chosen by the client, used once. */
  readonly id: number;
  readonly topicId: TopicId;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch: LeaderEpoch | null;
  /** CRC of the batch that ends right before `offset`, as this reader holds it; null: it holds none. */
  readonly previousCrc: Crc | null;
  /** Bytes that may be under way unacknowledged; a batch that is larger comes alone. */
  readonly windowBytes: number;
  /**
   * Records of keys that a growth of the topic moved here come only after what those keys had elsewhere was
   * acknowledged: all older partitions of the topic have to be subscribed on this socket, with `keyOrder` too. Where one
   * is unsubscribed before that, those that wait for it end with an error that names its `partition`.
   */
  readonly keyOrder: boolean;
}

/** All below the offset was dealt with. Never goes back. */
export interface TailAck {
  readonly type: "ack";
  readonly id: number;
  readonly offset: number;
}

export interface TailUnsubscribe {
  readonly type: "unsubscribe";
  readonly id: number;
}

/** As `POST /v1/groups/{group}/heartbeat`, on a socket that is there anyway. */
export interface TailHeartbeat {
  readonly type: "heartbeat";
  /** Named in the answer; chosen by the client for each. Has nothing to do with the ids of subscriptions. */
  readonly id: number;
  readonly group: string;
  readonly heartbeat: GroupHeartbeat;
}

export type TailClientFrame = TailSubscribe | TailAck | TailUnsubscribe | TailHeartbeat;

export interface TailBounds {
  readonly leaderEpoch: LeaderEpoch;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  /** Where the subscription goes on. */
  readonly nextOffset: number;
}

export type TailRecordsHead = TailBounds & { readonly bytes: number };

export type TailEdgeFrame =
  /** The subscription stands. Also comes later, where its position moves without records: compaction left none. */
  | ({ readonly type: "position"; readonly id: number } & TailBounds)
  /** To a subscription with `keyOrder` that stands at a barrier: the topic has grown, and has more partitions. */
  | { readonly type: "grown"; readonly id: number; readonly growths: number }
  /** The subscription has ended, or never stood; `id` null: the socket has, and closes. */
  | { readonly type: "error"; readonly id: number | null; readonly error: ErrorBody }
  /** Of a heartbeat: its assignment, or why there is none. The socket goes on. */
  | {
      readonly type: "heartbeat";
      readonly id: number;
      readonly group: string;
      readonly assignment: GroupAssignment | null;
      readonly error: ErrorBody | null;
    }
  /** The edge ends sockets after a bounded time: go on with another one. */
  | { readonly type: "end" };
