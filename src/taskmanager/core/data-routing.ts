/**
 * Where frames go inside a worker: which slots and peers a deployment joins, and what to do with a
 * frame that comes over a data link. Pure.
 */
import type { Deployment, TaskDescriptor } from "../../protocol/deployment.ts";
import { FRAME_KIND, type Frame } from "../../protocol/frame.ts";
import { EARLY_FRAMES_MAX, JOB_HISTORY } from "../../protocol/limits.ts";

/** The other side of a channel, seen from a slot. */
export type Route =
  | { readonly type: "same_slot" }
  | { readonly type: "slot"; readonly slot: number }
  | { readonly type: "worker"; readonly worker: string; readonly address: string };

/** Channels of one slot: each is sent, received, or both (same slot). */
export interface SlotRoutes {
  readonly slot: number;
  readonly sends: ReadonlyMap<number, Route>;
  readonly receives: ReadonlyMap<number, Route>;
}

/** Routes of every slot that a deployment uses, by slot. */
export function slotRoutes(deployment: Deployment, worker: string): SlotRoutes[] {
  const slots = [...new Set(deployment.tasks.map((task) => task.slot))].sort((a, b) => a - b);
  return slots.map((slot) => {
    const sends = new Map<number, Route>();
    const receives = new Map<number, Route>();
    for (const task of deployment.tasks) {
      if (task.slot !== slot) continue;
      for (const { channel, peer } of channelsOf(task, "outputs")) {
        sends.set(channel, routeTo(peer, worker, slot));
      }
      for (const { channel, peer } of channelsOf(task, "gates")) {
        receives.set(channel, routeTo(peer, worker, slot));
      }
    }
    return { slot, sends, receives };
  });
}

type Channel = TaskDescriptor["gates"][number]["channels"][number];

function channelsOf(task: TaskDescriptor, side: "outputs" | "gates"): Channel[] {
  return task[side].flatMap((edge) => edge.channels);
}

function routeTo(peer: Channel["peer"], worker: string, slot: number): Route {
  if (peer.worker !== worker) {
    return { type: "worker", worker: peer.worker, address: peer.address };
  }
  return peer.slot === slot ? { type: "same_slot" } : { type: "slot", slot: peer.slot };
}

/** What to do with a frame from a data link. */
export type RoutingVerdict =
  | { readonly type: "deliver"; readonly slot: number }
  /** It is early: the peer was deployed first. It comes back from `deploy`. */
  | { readonly type: "held" }
  /** Of an attempt that is over here. */
  | { readonly type: "stale" }
  /** The peer may not send this; its link is to be dropped. */
  | { readonly type: "refused"; readonly reason: string };

/** A frame that came before its task. */
export interface HeldFrame {
  readonly peer: string;
  readonly frame: Frame;
}

interface AttemptRoutes {
  readonly job: string;
  readonly attempt: number;
  readonly channels: ReadonlyMap<number, PeerChannel>;
}

interface PeerChannel {
  readonly slot: number;
  readonly peer: string;
  readonly receives: boolean;
  /** Its last frame is here: nothing of the peer is needed for it any more. */
  ended: boolean;
}

/** Routing table of a worker's data links. */
export class DataRouting {
  readonly #attempts = new Map<string, AttemptRoutes>();
  /** Newest attempt deployed here, per job, oldest entry first. */
  readonly #newest = new Map<string, number>();
  #held: HeldFrame[] = [];

  /** Opens the routes of an attempt. @returns the frames that came early for it, in order */
  deploy(job: string, attempt: number, slots: readonly SlotRoutes[]): HeldFrame[] {
    const channels = new Map<number, PeerChannel>();
    for (const { slot, sends, receives } of slots) {
      for (const [channel, route] of [...sends, ...receives]) {
        if (route.type !== "worker") continue;
        const receiving = receives.has(channel);
        channels.set(channel, { slot, peer: route.worker, receives: receiving, ended: false });
      }
    }
    this.#attempts.set(keyOf(job, attempt), { job, attempt, channels });
    this.#remember(job, attempt);
    const early = this.#held.filter(({ frame }) => frame.job === job && frame.attempt === attempt);
    this.#held = this.#held.filter(({ frame }) => frame.job !== job || frame.attempt > attempt);
    return early;
  }

  /** Closes the routes of an attempt; what still comes for it is stale. */
  release(job: string, attempt: number): void {
    this.#attempts.delete(keyOf(job, attempt));
    this.#remember(job, attempt);
    this.#held = this.#held.filter(({ frame }) => frame.job !== job || frame.attempt > attempt);
  }

  /** Decides about a frame that `peer` sent. */
  route(peer: string, frame: Frame): RoutingVerdict {
    const { job, attempt, channel, kind } = frame;
    const routes = this.#attempts.get(keyOf(job, attempt));
    if (routes !== undefined) {
      const target = routes.channels.get(channel);
      if (target?.peer === peer) {
        if (kind === FRAME_KIND.end && target.receives) target.ended = true;
        return { type: "deliver", slot: target.slot };
      }
      return { type: "refused", reason: `channel ${channel} does not lead to ${peer}` };
    }
    if (attempt <= (this.#newest.get(job) ?? 0)) return { type: "stale" };
    // A consumer subscribes as soon as it runs, perhaps before we know its producer. Anything else
    // needs a credit of ours first, which an attempt unknown here has never granted.
    if (kind !== FRAME_KIND.credit) {
      return { type: "refused", reason: `attempt ${attempt} of job ${job} is not deployed here` };
    }
    if (this.#held.length >= EARLY_FRAMES_MAX) {
      return { type: "refused", reason: `${EARLY_FRAMES_MAX} early frames are held already` };
    }
    this.#held.push({ peer, frame });
    return { type: "held" };
  }

  /**
   * Slots of each attempt that have a channel to or from a peer: they are hit when its link is lost.
   * What came to its end is left out; what was sent to its end is not: the end may not have arrived.
   */
  affectedBy(peer: string): { job: string; attempt: number; slots: number[] }[] {
    return [...this.#attempts.values()].flatMap(({ job, attempt, channels }) => {
      const hit = [...channels.values()].filter(
        (channel) => channel.peer === peer && !channel.ended,
      );
      const slots = [...new Set(hit.map((channel) => channel.slot))].sort((a, b) => a - b);
      return slots.length === 0 ? [] : [{ job, attempt, slots }];
    });
  }

  /** Frames held for tasks that are not deployed yet. */
  held(): readonly HeldFrame[] {
    return this.#held;
  }

  #remember(job: string, attempt: number): void {
    const newest = Math.max(attempt, this.#newest.get(job) ?? 0);
    this.#newest.delete(job);
    this.#newest.set(job, newest);
    if (this.#newest.size > JOB_HISTORY) {
      const [oldest] = this.#newest.keys();
      if (oldest !== undefined) this.#newest.delete(oldest);
    }
  }
}

function keyOf(job: string, attempt: number): string {
  return `${job}/${attempt}`;
}
