/** Inputs and actions of the cores as lines of the log: short, and complete enough to compare. */
import { FRAME_KIND } from "../protocol/frame.ts";
import type { OwnedFrame } from "../taskmanager/core/element.ts";
import type { SlotAction, SlotInput } from "../taskmanager/core/slot.ts";
import { hashBytes, hashText } from "./random.ts";

const KIND_NAMES = new Map<number, string>(
  Object.entries(FRAME_KIND).map(([name, kind]) => [kind, name]),
);

function describeBytes(bytes: Uint8Array, full: boolean): string {
  return full ? `${bytes.byteLength}B#${hashBytes(bytes).toString(16)}` : `${bytes.byteLength}B`;
}

function describeFrame({ channel, kind, sequence, payload }: OwnedFrame, full: boolean): string {
  const content = describeBytes(payload, full);
  return `${KIND_NAMES.get(kind)} ch${channel} seq${sequence} ${content}`;
}

function ofTask(task: { readonly vertex: string; readonly subtask: number }): string {
  return `${task.vertex}/${task.subtask}`;
}

/** @param full with hashes of what frames hold */
export function describeSlotInput(input: SlotInput, full: boolean): string {
  switch (input.type) {
    case "deploy":
      return `deploy ${input.deployment.job} attempt ${input.deployment.attempt}`;
    case "frame":
      return `frame ${describeFrame(input.frame, full)}`;
    case "credit":
      return `credit ch${input.channel} +${input.credits}`;
    case "source_data":
      return `source_data ${ofTask(input.task)} ${input.data.type}`;
    case "sink_done":
      return `sink_done ${ofTask(input.task)}.${input.operator}`;
    case "answer":
      return `answer ${ofTask(input.task)}.${input.operator} ${input.request} ${describeBytes(input.answer, full)}`;
    case "task_failed":
      return `task_failed ${ofTask(input.task)} ${input.error.code}`;
    default:
      return input.type;
  }
}

function describeSlotAction(action: SlotAction, full: boolean): string {
  switch (action.type) {
    case "send_frame":
      return `send ${describeFrame(action.frame, full)}`;
    case "grant_credit":
      return `grant ch${action.channel} +${action.credits}`;
    case "source_request":
      return `source_request ${ofTask(action.task)}`;
    case "sink_write":
      return `sink_write ${ofTask(action.task)}.${action.operator} ${action.records} rows ${describeBytes(action.bytes, full)}`;
    case "request":
      return `request ${ofTask(action.task)}.${action.operator} ${action.request} ${describeBytes(action.bytes, full)}`;
    case "task_state":
      return `${ofTask(action.task)} ${action.state}${action.error ? ` ${action.error.code}` : ""}`;
    case "metrics":
      return "metrics";
  }
}

/** Actions of a slot; to be made before they are carried out, which gives buffers away. */
export function describeSlotActions(actions: readonly SlotAction[], full: boolean): string {
  return actions.map((action) => describeSlotAction(action, full)).join("; ");
}

/** Characters of a control line that are shown; the hash stands for all of them. */
const SHOWN_CHARS = 400;

/** Anything that is plain data: messages, inputs and actions of the two control cores. */
export function describePlain(value: unknown): string {
  const text = JSON.stringify(value);
  if (text.length <= SHOWN_CHARS) return text;
  return `${text.slice(0, SHOWN_CHARS)}… ${text.length} chars #${hashText(text).toString(16)}`;
}
