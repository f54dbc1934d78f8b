/** Operators of the conformance cases. The order is that of conformance-module.ts. */
import { AggregateOperator } from "../../../../operators/sdk/assembly/aggregate-function";
import { CepOperator } from "../../../../operators/sdk/assembly/cep/cep-operator";
import { ExchangeOperator } from "../../../../operators/sdk/assembly/exchange";
import { IntervalJoinOperator } from "../../../../operators/sdk/assembly/interval-join";
import { KeyedBroadcastProcessOperator } from "../../../../operators/sdk/assembly/keyed-broadcast-process-function";
import { KeyedCoProcessOperator } from "../../../../operators/sdk/assembly/keyed-co-process-function";
import { KeyedProcessOperator } from "../../../../operators/sdk/assembly/keyed-process-function";
import { Operator } from "../../../../operators/sdk/assembly/operator";
import { PartitionOperator } from "../../../../operators/sdk/assembly/partition-function";
import { ProcessWindowOperator } from "../../../../operators/sdk/assembly/process-window-function";
import { registerOperator } from "../../../../operators/sdk/assembly/registry";
import { Pair } from "./join-functions";
import { KeyProbeOperator } from "./key-probe";
import { LengthPartitioner } from "./partitioner";
import { MatchPattern } from "./pattern-cases";
import {
  CaseEvent,
  CaseKey,
  Event,
  JoinResult,
  MatchResult,
  ScriptEvent,
  ScriptResult,
  Sum,
  SumResult,
  WindowResult,
} from "./rows";
import { ScriptBroadcast, ScriptCoProcess, ScriptProcess } from "./script-process";
import { CollectWindow, SumWindow } from "./window-functions";

export * from "../../../../operators/sdk/assembly/abi";

registerOperator((): Operator => new ProcessWindowOperator<CollectWindow, Event, WindowResult>());
registerOperator((): Operator => new AggregateOperator<SumWindow, Event, Sum, SumResult>());
registerOperator((): Operator => new KeyProbeOperator());
registerOperator((): Operator => new PartitionOperator<LengthPartitioner, Event>());
registerOperator((): Operator => new ExchangeOperator());
registerOperator(
  (): Operator => new KeyedProcessOperator<ScriptProcess, CaseKey, ScriptEvent, ScriptResult>(),
);
registerOperator(
  (): Operator =>
    new KeyedCoProcessOperator<ScriptCoProcess, CaseKey, ScriptEvent, ScriptEvent, ScriptResult>(),
);
registerOperator(
  (): Operator =>
    new KeyedBroadcastProcessOperator<
      ScriptBroadcast,
      CaseKey,
      ScriptEvent,
      ScriptEvent,
      ScriptResult
    >(),
);
registerOperator((): Operator => new IntervalJoinOperator<Pair, Event, Event, JoinResult>());
registerOperator((): Operator => new CepOperator<MatchPattern, CaseEvent, MatchResult>());
