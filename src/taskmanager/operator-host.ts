/**
 * The modules of a slot: one instance of each bundle, shared by the operators of all its tasks, and
 * the operator chains opened in them.
 */
import type { Deployment, TaskDescriptor } from "../protocol/deployment.ts";
import { assert, MillraceError } from "../protocol/errors.ts";
import { bundlesOf } from "../protocol/task-bundles.ts";
import {
  type LoadedModule,
  MemoryCount,
  type ModuleHost,
  ModuleInstance,
} from "./module-instance.ts";
import { type CallObserver, OperatorChain } from "./operator-chain.ts";
import { openNodes } from "./operator-node.ts";
import type { SliceRule } from "./slice-budget.ts";

export interface OperatorHostOptions {
  /** A compiled bundle by the hash (or name, for the built-in one) that descriptors carry. */
  readonly moduleOf: (bundle: string) => LoadedModule | undefined;
  readonly host: ModuleHost;
  readonly slice: SliceRule;
  /** Shared by all isolates of the process; default: counts this isolate alone. */
  readonly memories?: MemoryCount;
  readonly observer?: CallObserver;
}

interface SharedInstance {
  readonly instance: ModuleInstance;
  users: number;
}

/** Opens operator chains for a slot. */
export class OperatorHost {
  readonly #options: OperatorHostOptions;
  readonly #memories: MemoryCount;
  readonly #instances = new Map<string, SharedInstance>();

  constructor(options: OperatorHostOptions) {
    this.#options = options;
    this.#memories = options.memories ?? new MemoryCount();
  }

  /** Instances that are live. */
  get instances(): number {
    return this.#instances.size;
  }

  /**
   * Opens the operators of a task; what `SlotCore` takes as its chain opener.
   * @throws MillraceError MODULE_MISSING, OPERATOR_UNKNOWN, OPERATOR_OPEN_FAILED,
   * MEMORY_EXHAUSTED, OPERATOR_FAILED
   */
  openChain(task: TaskDescriptor, deployment: Deployment): OperatorChain {
    const bundles = bundlesOf(task);
    const held: string[] = [];
    const release = (): void => {
      for (const bundle of held.splice(0)) this.#release(bundle);
    };
    const { observer, slice } = this.#options;
    try {
      for (const bundle of bundles) {
        this.#hold(bundle, deployment.memoryMaxPages);
        held.push(bundle);
      }
      observer?.enter({ name: task.name });
      const instanceOf = (bundle: string) => this.#instances.get(bundle)!.instance;
      const nodes = openNodes({ task, deployment, instanceOf });
      return new OperatorChain(nodes, slice, observer, release);
    } catch (error) {
      release();
      throw error;
    } finally {
      observer?.leave();
    }
  }

  #hold(bundle: string, maximumPages: number): void {
    const shared = this.#instances.get(bundle);
    if (shared !== undefined) {
      shared.users++;
      return;
    }
    const loaded = this.#options.moduleOf(bundle);
    if (loaded === undefined) {
      const message = `Cannot open operators of bundle ${bundle}: the worker does not have it`;
      throw new MillraceError("MODULE_MISSING", message, { field: "bundle", value: bundle });
    }
    const instance = new ModuleInstance(loaded, this.#options.host, maximumPages, this.#memories);
    this.#instances.set(bundle, { instance, users: 1 });
  }

  #release(bundle: string): void {
    const shared = this.#instances.get(bundle);
    assert(shared !== undefined, `bundle ${bundle} is held`);
    shared.users--;
    if (shared.users > 0) return;
    shared.instance.close();
    this.#instances.delete(bundle);
  }
}
