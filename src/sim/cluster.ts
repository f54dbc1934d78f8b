/** The processes of a simulated cluster: started, killed, brought back. */
import { JobManagerCore } from "../jobmanager/core/job-manager.ts";
import { DataRouting } from "../taskmanager/core/data-routing.ts";
import { SlotCore } from "../taskmanager/core/slot.ts";
import { TaskManagerCore } from "../taskmanager/core/task-manager.ts";
import type { SimClient } from "./client.ts";
import { JOB_MANAGER } from "./failure-audit.ts";
import type { SmallFaults } from "./fault-plan.ts";
import { type JobManagerCoreMaker, SimJobManager } from "./job-manager.ts";
import { SimProcess } from "./process.ts";
import type { SlotCoreMaker } from "./slot.ts";
import { SimTaskManager, type TaskManagerCoreMaker } from "./task-manager.ts";
import type { Workload } from "./workload.ts";
import type { World } from "./world.ts";

/** A job waits this long for slots here: shorter than in production, longer than any crash. */
const SLOT_WAIT_TIMEOUT_MS = 120_000;

/** Makers of the cores; tests put one with a planted defect in its place. */
export interface CoreMakers {
  readonly jobManager: JobManagerCoreMaker;
  readonly taskManager: TaskManagerCoreMaker;
  readonly slot: SlotCoreMaker;
  readonly dataRouting: () => DataRouting;
}

/** The classes that production constructs. */
export const PRODUCTION_CORES: CoreMakers = {
  jobManager: (options) => new JobManagerCore(options),
  taskManager: (profile) => new TaskManagerCore(profile),
  slot: (options) => new SlotCore(options),
  dataRouting: () => new DataRouting(),
};

/** One JobManager, its workers, and the clients. */
export class Cluster {
  readonly world: World;
  readonly workload: Workload;
  readonly clients: readonly SimClient[];
  readonly #cores: CoreMakers;
  readonly #faults: SmallFaults;
  readonly #jobManagerProcess: SimProcess;
  /** All lives of each worker, the present one last; two where one is to replace the other. */
  readonly #workers = new Map<string, SimTaskManager[]>();
  readonly #processes = new Map<SimTaskManager, SimProcess>();
  readonly #watchers: ((event: string) => void)[] = [];
  #jobManager: SimJobManager | undefined;

  constructor(options: {
    readonly world: World;
    readonly workload: Workload;
    readonly clients: readonly SimClient[];
    readonly cores: CoreMakers;
    readonly faults: SmallFaults;
  }) {
    this.world = options.world;
    this.workload = options.workload;
    this.clients = options.clients;
    this.#cores = options.cores;
    this.#faults = options.faults;
    this.#jobManagerProcess = new SimProcess(JOB_MANAGER, this.world.clock);
  }

  begin(): void {
    this.startJobManager();
    for (const worker of this.workerNames) this.startWorker(worker);
  }

  get workerNames(): string[] {
    return this.workload.workers.map((_, index) => `worker-${index}`);
  }

  get jobManager(): SimJobManager | undefined {
    return this.#jobManager;
  }

  get jobManagerProcess(): SimProcess {
    return this.#jobManagerProcess;
  }

  /** Is told when a job changes its status and when a task ends: moments at which faults hurt. */
  watch(watcher: (event: string) => void): void {
    this.#watchers.push(watcher);
  }

  startJobManager(): void {
    const { world } = this;
    const jobManager = new SimJobManager({
      world,
      process: this.#jobManagerProcess,
      makeCore: this.#cores.jobManager,
      slotWaitTimeoutMs: SLOT_WAIT_TIMEOUT_MS,
      onEvent: (event) => {
        if (event.type === "worker") {
          const { worker, state, reason = "" } = event;
          if (state === "lost") world.faults.workerLost(worker, reason);
          return;
        }
        for (const client of this.clients) client.event(event);
        world.faults.busy = this.clients.some((client) => client.running);
        const name = event.type === "job_status" ? event.status : event.state;
        for (const watcher of this.#watchers) watcher(name);
      },
    });
    this.#jobManager = jobManager;
    world.journal.note("jobmanager", () => "begins");
    for (const client of this.clients) client.jobManagerBegan(jobManager);
  }

  killJobManager(): void {
    this.world.journal.note("jobmanager", () => "is killed");
    this.#jobManager = undefined;
    this.#jobManagerProcess.crash();
    this.world.network.processEnded(this.#jobManagerProcess, false);
    for (const client of this.clients) client.jobManagerLost();
  }

  /** A new life of a worker, beside the old one if that still runs. */
  startWorker(name: string): void {
    const { world } = this;
    const process = new SimProcess(name, world.clock);
    world.journal.note(name, () => "begins");
    const worker = new SimTaskManager({
      world,
      process,
      slots: this.workload.workers[this.workerNames.indexOf(name)]!,
      tuning: this.workload.tuning,
      faults: this.#faults,
      makeCore: this.#cores.taskManager,
      makeSlotCore: this.#cores.slot,
      routing: this.#cores.dataRouting(),
    });
    const lives = this.#workers.get(name);
    if (lives === undefined) this.#workers.set(name, [worker]);
    else lives.push(worker);
    this.#processes.set(worker, process);
    for (const [former, ended] of this.#processes) {
      if (former.worker === name && !ended.running) world.network.processReplaced(ended);
    }
  }

  killWorker(worker: SimTaskManager, silent: boolean): void {
    const process = this.processOf(worker);
    this.world.journal.note(worker.worker, () => (silent ? "loses its power" : "is killed"));
    process.crash();
    this.world.network.processEnded(process, silent);
  }

  processOf(worker: SimTaskManager): SimProcess {
    return this.#processes.get(worker)!;
  }

  /** Workers whose process runs, by name and age. */
  runningWorkers(name?: string): SimTaskManager[] {
    const names = name === undefined ? this.workerNames : [name];
    return names
      .flatMap((each) => this.#workers.get(each) ?? [])
      .filter((worker) => this.processOf(worker).running);
  }
}
