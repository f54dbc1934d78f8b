/** Operators of the conformance cases. The order is that of conformance-module.ts. */
import { AggregateOperator } from "../../../../operators/sdk/assembly/window/aggregate-function";
import { ExchangeOperator } from "../../../../operators/sdk/assembly/exchange";
import { Operator } from "../../../../operators/sdk/assembly/operator";
import { PartitionOperator } from "../../../../operators/sdk/assembly/partition-function";
import { ProcessWindowOperator } from "../../../../operators/sdk/assembly/window/process-window-function";
import { registerOperator } from "../../../../operators/sdk/assembly/registry";
import { KeyProbeOperator } from "./key-probe";
import { LengthPartitioner } from "./partitioner";
import { Event, Sum, SumResult, WindowResult } from "./rows";
import { CollectWindow, SumWindow, UnmergedSumWindow } from "./window-functions";

export * from "../../../../operators/sdk/assembly/abi";

registerOperator((): Operator => new ProcessWindowOperator<CollectWindow, Event, WindowResult>());
registerOperator((): Operator => new AggregateOperator<SumWindow, Event, Sum, SumResult>());
registerOperator((): Operator => new KeyProbeOperator());
registerOperator((): Operator => new PartitionOperator<LengthPartitioner, Event>());
registerOperator((): Operator => new ExchangeOperator());
registerOperator(
  (): Operator => new AggregateOperator<UnmergedSumWindow, Event, Sum, SumResult>(),
);
