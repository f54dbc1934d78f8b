/** One execution of a job: its tasks, and the part of it each worker holds. */
import type { TaskMetrics } from "../../protocol/control-messages.ts";
import type { TaskDescriptor } from "../../protocol/deployment.ts";
import { assert } from "../../protocol/errors.ts";
import type { SubtaskState } from "./inputs-and-actions.ts";
import {
  type PlannedJob,
  type SlotRequest,
  type SubtaskPlace,
  slotRequestsOf,
} from "./planned-job.ts";
import type { AllocatedSlot } from "./slot-pool.ts";
import { WatermarkAlignment } from "./watermark-alignment.ts";

/** A deployed subtask. */
export interface TaskRecord {
  readonly vertex: string;
  readonly subtask: number;
  readonly worker: string;
  readonly slot: number;
  /** Uids of the collect sinks of its chain. */
  readonly collects: readonly string[];
  state: SubtaskState;
  startedAtMs: number;
  endedAtMs: number | undefined;
  metrics: TaskMetrics | undefined;
}

/** What one worker has of an attempt. */
export interface WorkerPart {
  readonly worker: string;
  /** A sink there keeps its output hidden until the job commits. */
  readonly holdsOutput: boolean;
  /** The tasks have stopped and the slots are free, or the worker is lost. */
  released: boolean;
  /** The worker was lost. */
  gone: boolean;
  committed: boolean;
}

/** Connectors whose output is published by `commit`. */
const COMMITTING_CONNECTORS: ReadonlySet<string> = new Set(["files"]);

/** Whether a subtask state is final. */
export function isTaskTerminal(state: SubtaskState): boolean {
  return state === "FINISHED" || state === "CANCELED" || state === "FAILED";
}

/** Tasks and worker parts of one attempt, in the order of the job graph. */
export class Attempt {
  readonly number: number;
  readonly tasks = new Map<string, TaskRecord>();
  readonly parts = new Map<string, WorkerPart>();
  readonly alignment = new WatermarkAlignment();
  readonly #descriptors: Map<string, readonly TaskDescriptor[]>;

  constructor(number: number, planned: PlannedJob, slots: readonly AllocatedSlot[], nowMs: number) {
    this.number = number;
    const places = placesOf(planned, slots);
    this.#descriptors = new Map(planned.deployments(places));
    const collecting = new Map<string, string[]>();
    for (const [worker, descriptors] of this.#descriptors) {
      this.parts.set(worker, {
        worker,
        holdsOutput: descriptors.some((task) => hasConnector(task, COMMITTING_CONNECTORS)),
        released: false,
        gone: false,
        committed: false,
      });
      for (const task of descriptors) {
        const sinks = task.chain.filter(({ connector }) => connector?.type === "collect");
        collecting.set(
          task.vertex,
          sinks.map(({ uid }) => uid),
        );
      }
    }
    for (const place of places) {
      this.tasks.set(taskKey(place.vertex, place.subtask), {
        vertex: place.vertex,
        subtask: place.subtask,
        worker: place.worker,
        slot: place.slot,
        collects: collecting.get(place.vertex) ?? [],
        state: "DEPLOYING",
        startedAtMs: nowMs,
        endedAtMs: undefined,
        metrics: undefined,
      });
    }
  }

  /**
   * What a worker is told to run; handed out once, since its channels would take megabytes for as
   * long as the job is remembered.
   */
  takeDescriptors(worker: string): TaskDescriptor[] {
    const descriptors = this.#descriptors.get(worker) ?? [];
    this.#descriptors.delete(worker);
    return [...descriptors];
  }

  task(vertex: string, subtask: number): TaskRecord | undefined {
    return this.tasks.get(taskKey(vertex, subtask));
  }

  get allReleased(): boolean {
    for (const part of this.parts.values()) if (!part.released) return false;
    return true;
  }

  get allCommitted(): boolean {
    for (const part of this.parts.values()) if (!part.committed) return false;
    return true;
  }

  get allFinished(): boolean {
    return this.#every((task) => task.state === "FINISHED");
  }

  /** Every task has begun to run (some may have ended since). */
  get allStarted(): boolean {
    return this.#every((task) => task.state !== "DEPLOYING");
  }

  finishedOn(worker: string): boolean {
    return this.#every((task) => task.worker !== worker || task.state === "FINISHED");
  }

  #every(condition: (task: TaskRecord) => boolean): boolean {
    for (const task of this.tasks.values()) if (!condition(task)) return false;
    return true;
  }
}

function hasConnector(task: TaskDescriptor, types: ReadonlySet<string>): boolean {
  return task.chain.some(({ connector }) => connector !== undefined && types.has(connector.type));
}

function taskKey(vertex: string, subtask: number): string {
  return `${vertex}/${subtask}`;
}

/** Slot i of a sharing group runs subtask i of each of its vertices (Flink: SlotSharingGroup). */
function placesOf(planned: PlannedJob, slots: readonly AllocatedSlot[]): SubtaskPlace[] {
  const slotOf = new Map(slots.map((slot) => [requestKey(slot.request), slot]));
  assert(slotOf.size === slotRequestsOf(planned).length, "every slot request has its slot");
  const places: SubtaskPlace[] = [];
  for (const vertex of planned.vertices) {
    for (let subtask = 0; subtask < vertex.parallelism; subtask += 1) {
      const slot = slotOf.get(requestKey({ group: vertex.slotSharingGroup, index: subtask }));
      assert(slot !== undefined, `subtask ${subtask} of ${vertex.id} has a slot`);
      const { worker, address } = slot.worker;
      places.push({ vertex: vertex.id, subtask, worker, slot: slot.slot, address });
    }
  }
  return places;
}

function requestKey(request: SlotRequest): string {
  return `${request.index}/${request.group}`;
}
