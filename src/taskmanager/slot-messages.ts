/** What the main isolate of a worker and a slot's isolate say to each other. */
import type { MessagePort } from "node:worker_threads";
import type { HeldBackFile } from "../connectors/connector.ts";
import type { TaskMessage, TaskMetrics, TaskState } from "../protocol/control-messages.ts";
import type { Deployment } from "../protocol/deployment.ts";
import type { ErrorBody } from "../protocol/errors.ts";
import type { LoadedModule } from "./module-instance.ts";

/** A way to another slot or worker; `channels` are those it carries. */
export interface SlotPort {
  readonly port: MessagePort;
  readonly channels: readonly number[];
}

/** What a slot isolate is started with (worker data). */
export interface SlotStart {
  readonly worker: string;
  readonly slot: number;
  readonly deployment: Deployment;
  readonly modules: readonly LoadedModule[];
  readonly ports: readonly SlotPort[];
  /** Channels between tasks of this slot. */
  readonly inSlot: readonly number[];
  /** See call-board.ts. */
  readonly board: SharedArrayBuffer;
  /** Count of the process's live memories, shared by its isolates. */
  readonly memories: SharedArrayBuffer;
  /** See TaskManagerOptions. */
  readonly filesRoots?: readonly string[] | undefined;
}

/** To the slot. */
export type SlotCommand = { readonly type: "cancel" } | TaskMessage;

/** From the slot. */
export type SlotReport =
  | {
      readonly type: "task_state";
      readonly vertex: string;
      readonly subtask: number;
      readonly state: TaskState;
      readonly error?: ErrorBody;
    }
  | { readonly type: "metrics"; readonly tasks: readonly TaskMetrics[] }
  | {
      readonly type: "rows";
      readonly vertex: string;
      readonly subtask: number;
      /** Uid of the collect sink. */
      readonly sink: string;
      readonly lines: string;
    }
  | { readonly type: "print"; readonly text: string }
  | { readonly type: "hold_back"; readonly file: HeldBackFile }
  | {
      readonly type: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
    };
