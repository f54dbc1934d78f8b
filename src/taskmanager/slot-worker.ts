/** Entry of a slot's isolate (worker thread): runs the tasks of one slot for one attempt. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../protocol/errors.ts";
import type { SlotCommand, SlotStart } from "./slot-messages.ts";
import { SlotRuntime } from "./slot-runtime.ts";

const parent = parentPort;
assert(parent !== null, "slot-worker.ts is started as a worker thread");
const runtime = new SlotRuntime(workerData as SlotStart, (report) => parent.postMessage(report));
parent.on("message", (command: SlotCommand) => runtime.command(command));
runtime.begin();
