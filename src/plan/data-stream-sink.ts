/** The end of a stream, whose settings are made here. */
import type { Transformation } from "./transformation.ts";

/** The end of a stream. */
export class DataStreamSink {
  readonly #transformation: Transformation;

  constructor(transformation: Transformation) {
    this.#transformation = transformation;
  }

  uid(uid: string): this {
    this.#transformation.uid = uid;
    return this;
  }
  name(name: string): this {
    this.#transformation.name = name;
    return this;
  }
  setParallelism(parallelism: number): this {
    this.#transformation.parallelism = parallelism;
    return this;
  }
  slotSharingGroup(group: string): this {
    this.#transformation.slotSharingGroup = group;
    return this;
  }
  disableChaining(): this {
    this.#transformation.chaining = "never";
    return this;
  }
}
