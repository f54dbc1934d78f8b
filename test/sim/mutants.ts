/** Planted defects: cores that do one thing wrong. The simulator has to find each of them. */
import type {
  JobManagerAction,
  JobManagerInput,
} from "../../src/jobmanager/core/inputs-and-actions.ts";
import { JobManagerCore } from "../../src/jobmanager/core/job-manager.ts";
import type { TaskDescriptor } from "../../src/protocol/deployment.ts";
import { FRAME_HEADER_BYTES, FRAME_KIND, type Frame } from "../../src/protocol/frame.ts";
import { type CoreMakers, PRODUCTION_CORES } from "../../src/sim/cluster.ts";
import { DataRouting } from "../../src/taskmanager/core/data-routing.ts";
import {
  type ChainOpener,
  type SlotAction,
  SlotCore,
  type SlotInput,
} from "../../src/taskmanager/core/slot.ts";
import type { ChainCall } from "../../src/taskmanager/core/task-chain.ts";
import {
  type TaskManagerAction,
  TaskManagerCore,
  type TaskManagerInput,
} from "../../src/taskmanager/core/task-manager.ts";

export interface Mutant {
  readonly name: string;
  /** A seed shortly before the one that finds it; saves time where few seeds would. */
  readonly firstSeed?: number;
  /** Makers for one run: a mutant may count what it has done. */
  cores(): CoreMakers;
}

type Steps<Input, Action> = (
  core: { step(input: Input, nowMs: number): Action[] },
  input: Input,
  nowMs: number,
) => Action[];

function jobManager(name: string, make: () => JobManagerSteps): Mutant {
  const cores = (): CoreMakers => ({
    ...PRODUCTION_CORES,
    jobManager: (options) => {
      const core = new JobManagerCore(options);
      const original = { step: core.step.bind(core) };
      const steps = make();
      core.step = (input, nowMs) => steps(original, input, nowMs, core);
      return core;
    },
  });
  return { name, cores };
}

type JobManagerSteps = (
  core: { step(input: JobManagerInput, nowMs: number): JobManagerAction[] },
  input: JobManagerInput,
  nowMs: number,
  whole: JobManagerCore,
) => JobManagerAction[];

function taskManager(name: string, make: () => Steps<TaskManagerInput, TaskManagerAction>): Mutant {
  const cores = (): CoreMakers => ({
    ...PRODUCTION_CORES,
    taskManager: (profile) => {
      const core = new TaskManagerCore(profile);
      const original = { step: core.step.bind(core) };
      const steps = make();
      core.step = (input, nowMs) => steps(original, input, nowMs);
      return core;
    },
  });
  return { name, cores };
}

function slot(name: string, make: () => Steps<SlotInput, SlotAction>): Mutant {
  const cores = (): CoreMakers => ({
    ...PRODUCTION_CORES,
    slot: (options) => {
      const core = new SlotCore(options);
      const original = { step: core.step.bind(core) };
      const steps = make();
      core.step = (input, nowMs) => steps(original, input, nowMs);
      return core;
    },
  });
  return { name, cores };
}

/** Slots whose chains are given other calls. */
function chain(name: string, call: (call: ChainCall, task: TaskDescriptor) => ChainCall): Mutant {
  const cores = (): CoreMakers => ({
    ...PRODUCTION_CORES,
    slot: (options) => {
      const openChain: ChainOpener = (task, deployment) => {
        const opened = options.openChain(task, deployment);
        const begin = opened.begin.bind(opened);
        return Object.assign(opened, { begin: (made: ChainCall) => begin(call(made, task)) });
      };
      return new SlotCore({ ...options, openChain });
    },
  });
  return { name, cores };
}

/** Lets every nth of the actions that match pass by. */
function losing<Action>(nth: number, matches: (action: Action) => boolean) {
  let count = 0;
  return (actions: Action[]): Action[] =>
    actions.filter((action) => !matches(action) || ++count % nth !== 0);
}

/** Writes the newest attempt into every frame, as if frames carried none. */
class EpochBlindRouting extends DataRouting {
  readonly #newest = new Map<string, number>();

  override deploy(...[job, attempt, slots]: Parameters<DataRouting["deploy"]>) {
    this.#newest.set(job, attempt);
    return super.deploy(job, attempt, slots);
  }

  override route(peer: string, frame: Frame) {
    const newest = this.#newest.get(frame.job) ?? 0;
    if (frame.attempt >= newest) return super.route(peer, frame);
    const { buffer, byteOffset } = frame.payload;
    new DataView(buffer, byteOffset - FRAME_HEADER_BYTES).setUint32(4, newest, true);
    Object.assign(frame, { attempt: newest });
    return super.route(peer, frame);
  }
}

const isBatch = (action: SlotAction) =>
  action.type === "send_frame" && action.frame.kind === FRAME_KIND.batch;

export const MUTANTS: readonly Mutant[] = [
  chain("a slot takes rows of a second input for those of the first", (call) =>
    call.type === "batch" ? { ...call, input: 0 } : call,
  ),
  chain("only the first subtask takes a second input", (call, task) =>
    call.type === "batch" && call.input === 1 && task.subtask > 0 ? { type: "flush" } : call,
  ),
  chain("a slot reaches the end of event time with its first watermark", (call) =>
    call.type === "watermark" ? { ...call, timestamp: 2n ** 63n - 1n } : call,
  ),
  jobManager(
    "the JobManager takes the release of an older attempt for that of the present one",
    () => {
      return (core, input, nowMs, whole) => {
        if (input.type !== "link_message" || input.message.type !== "attempt_released") {
          return core.step(input, nowMs);
        }
        const attempt = whole.job(input.message.job)?.attempt ?? input.message.attempt;
        return core.step({ ...input, message: { ...input.message, attempt } }, nowMs);
      };
    },
  ),
  {
    name: "a worker takes frames of an older attempt for those of the present one",
    firstSeed: 51,
    cores: () => ({ ...PRODUCTION_CORES, dataRouting: () => new EpochBlindRouting() }),
  },
  jobManager("the JobManager finishes a job at its first finished task", () => {
    return (core, input, nowMs, whole) => {
      const actions = core.step(input, nowMs);
      if (input.type !== "link_message" || input.message.type !== "task_state") return actions;
      const { message } = input;
      if (message.state !== "FINISHED") return actions;
      for (const task of [...(whole.job(message.job)?.tasks ?? [])]) {
        task.state = "FINISHED";
      }
      return [...actions, ...core.step(input, nowMs)];
    };
  }),
  jobManager("the JobManager does not give slots back", () => {
    return (core, input, nowMs, whole) => {
      if (input.type !== "link_message" || input.message.type !== "attempt_released") {
        return core.step(input, nowMs);
      }
      const { message } = input;
      const held = [...whole.slots.workers].map((worker) => [...worker.holders]);
      const actions = core.step(input, nowMs);
      for (const [index, worker] of [...whole.slots.workers].entries()) {
        for (const [place, holder] of (held[index] ?? []).entries()) {
          if (holder?.job === message.job) worker.holders[place] ??= holder;
        }
      }
      return actions;
    };
  }),
  jobManager("the JobManager starts a failed job once too often", () => {
    return (core, input, nowMs) => {
      if (input.type !== "submit" || input.planned.restartStrategy.type !== "none") {
        return core.step(input, nowMs);
      }
      const restartStrategy = { type: "fixed_delay", attempts: 1, delay: 0 } as const;
      return core.step({ ...input, planned: { ...input.planned, restartStrategy } }, nowMs);
    };
  }),
  {
    ...jobManager("the JobManager does not cancel a worker whose tasks have finished", () => {
      return (core, input, nowMs, whole) => {
        const finished = new Set<string>();
        for (const job of whole.jobs) {
          const tasks = [...job.tasks];
          for (const { worker } of tasks) {
            const own = tasks.filter((task) => task.worker === worker);
            const link = whole.slots.worker(worker)?.link;
            if (link !== undefined && own.every((task) => task.state === "FINISHED")) {
              finished.add(`${job.id} ${link}`);
            }
          }
        }
        return core.step(input, nowMs).filter((action) => {
          if (action.type !== "send" || action.message.type !== "cancel") return true;
          return !finished.has(`${action.message.job} ${action.link}`);
        });
      };
    }),
    firstSeed: 41,
  },
  jobManager("the JobManager does not tell a reader that the rows begin again", () => {
    return (core, input, nowMs) =>
      core.step(input, nowMs).map((action) => {
        if (action.type !== "rows" || action.item.type !== "restart") return action;
        const nothing = {
          type: "rows",
          vertex: "sink",
          subtask: 0,
          sink: "sink",
          lines: "",
        } as const;
        return { ...action, item: { ...action.item, ...nothing } };
      });
  }),
  jobManager("the JobManager does not notice that a worker is silent", () => {
    return (core, input, nowMs) => (input.type === "tick" ? [] : core.step(input, nowMs));
  }),
  {
    ...taskManager("a worker does not end a slot that is stuck", () => {
      return (core, input, nowMs) => (input.type === "slot_overrun" ? [] : core.step(input, nowMs));
    }),
    firstSeed: 46,
  },
  taskManager("a worker publishes as soon as its own tasks have finished", () => {
    return (core, input, nowMs) =>
      core.step(input, nowMs).flatMap((action, index, all): TaskManagerAction[] => {
        const discards = all[index + 1]?.type === "discard";
        if (action.type !== "release" || discards) return [action];
        return [action, { type: "commit", job: action.job, attempt: action.attempt }];
      });
  }),
  taskManager("a worker lets tasks run on when its link is lost", () => {
    return (core, input, nowMs) => {
      const actions = core.step(input, nowMs);
      return input.type === "link_closed" ? [] : actions;
    };
  }),
  taskManager("a worker never says that it has released an attempt", () => {
    return (core, input, nowMs) =>
      core
        .step(input, nowMs)
        .filter((a) => a.type !== "send" || a.message.type !== "attempt_released");
  }),
  taskManager("a worker does not throw away what a failed attempt wrote", () => {
    return (core, input, nowMs) => core.step(input, nowMs).filter((a) => a.type !== "discard");
  }),
  slot("a slot never gives credits back", () => {
    return (core, input, nowMs) =>
      core.step(input, nowMs).filter((a) => a.type !== "grant_credit" || a.recycled === undefined);
  }),
  slot("a slot gives one credit too many now and then", () => {
    let grants = 0;
    return (core, input, nowMs) =>
      core.step(input, nowMs).map((action) => {
        if (action.type !== "grant_credit" || ++grants % 20 !== 0) return action;
        return { ...action, credits: action.credits + 1 };
      });
  }),
  slot("a slot loses a frame now and then", () => {
    const lose = losing(20, isBatch);
    return (core, input, nowMs) => lose(core.step(input, nowMs));
  }),
  slot("a slot loses what it writes to a sink now and then", () => {
    let writes = 0;
    return (core, input, nowMs) =>
      core.step(input, nowMs).map((action) => {
        if (action.type !== "sink_write" || ++writes % 20 !== 0) return action;
        return { ...action, bytes: new Uint8Array(0) };
      });
  }),
  slot("a slot writes to its sink twice now and then", () => {
    let writes = 0;
    return (core, input, nowMs) =>
      core.step(input, nowMs).map((action) => {
        if (action.type !== "sink_write" || ++writes % 20 !== 0) return action;
        return { ...action, bytes: Buffer.concat([action.bytes, action.bytes]) };
      });
  }),
  slot("a slot hears watermarks that are ahead of their channel", () => {
    return (core, input, nowMs) => {
      if (input.type === "frame" && input.frame.kind === FRAME_KIND.watermark) {
        const { buffer, byteOffset } = input.frame.payload;
        const view = new DataView(buffer, byteOffset, 8);
        const timestamp = view.getBigInt64(0, true);
        if (timestamp < 1_000_000n) view.setBigInt64(0, timestamp + 100_000n, true);
      }
      return core.step(input, nowMs);
    };
  }),
  slot("a slot forgets to end its channels", () => {
    return (core, input, nowMs) =>
      core
        .step(input, nowMs)
        .filter((a) => a.type !== "send_frame" || a.frame.kind !== FRAME_KIND.end);
  }),
];
