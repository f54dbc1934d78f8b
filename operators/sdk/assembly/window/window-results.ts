/**
 * Results of an AggregateFunction or ReduceFunction on their way to a ProcessWindowFunction, which sees each as the only
 * element of its window (Flink: WindowedStream.aggregate and reduce with a ProcessWindowFunction).
 */
import { BatchReader } from "../batch-reader";
import { BlockWriter } from "../block-writer";
import { JsonValue } from "../config-json";
import { OpenColumn, OpenConfig, OpenStream } from "../open-config";
import { factories } from "../registry";
import { WindowOperator } from "./window-operator";
import { WindowProcessor } from "./window-processor";

export class WindowResults {
  /** The key's columns, then the result's. */
  readonly stream: OpenStream = new OpenStream();
  readonly writer!: BlockWriter;
  readonly processor!: WindowProcessor;
  /** Why it could not be opened, or null. */
  problem: string | null = null;
  private reader: BatchReader = new BatchReader();

  /**
   * @param operator the one that makes the results
   * @param spec {operator: its number in the bundle, parameters}
   * @param results columns of a result
   */
  constructor(operator: WindowOperator, spec: JsonValue, results: OpenColumn[]) {
    const config = operator.config;
    const input = config.inputs[0];
    const columns = this.stream.columns;
    for (let i = 0; i < input.keys.length; i++) {
      columns.push(input.columns[input.keys[i]]);
      this.stream.keys.push(i);
    }
    for (let i = 0; i < results.length; i++) columns.push(results[i]);
    this.writer = new BlockWriter(this.stream, 1, i32.MAX_VALUE);
    const number = spec.get("operator").int(-1);
    assert(number >= 0 && number < factories.length, "processWindow: no operator of that number");
    const other = factories[number]();
    assert(other instanceof WindowOperator, "processWindow: it is no function over windows");
    const processor = (other as WindowOperator).windowProcessor();
    assert(processor !== null, "processWindow: it is no ProcessWindowFunction");
    this.processor = processor!;
    this.problem = this.processor.open(this.configFor(config, spec), operator.writers[0]);
  }

  private configFor(config: OpenConfig, spec: JsonValue): OpenConfig {
    const own = new OpenConfig();
    own.parameters = spec.get("parameters");
    own.subtask = config.subtask;
    own.parallelism = config.parallelism;
    own.maxParallelism = config.maxParallelism;
    own.keyGroupStart = config.keyGroupStart;
    own.keyGroupEnd = config.keyGroupEnd;
    own.metrics = config.metrics;
    own.inputs = [this.stream];
    own.outputs = config.outputs;
    return own;
  }

  /** Begins the row of the operator's fired window; its result's columns come next. */
  begin(operator: WindowOperator): void {
    const writer = this.writer;
    writer.hasTimestamp = true;
    writer.timestamp = operator.fired.window.maxTimestamp;
    writer.rowKind = 0;
    operator.codec.decode(operator.fired.key, operator.fired.keyLength, writer);
  }

  /** Ends the row and calls the function with it. */
  end(operator: WindowOperator, state: usize): void {
    const writer = this.writer;
    writer.endRow();
    writer.flush();
    this.reader.attach(writer.take());
    this.processor.process(operator, this.reader, 1, null, state);
  }

  close(): void {
    this.processor.close();
    this.writer.close();
  }
}
