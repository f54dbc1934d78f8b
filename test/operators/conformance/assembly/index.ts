/** Operators of the conformance cases. The order is that of conformance-module.ts. */
import { AsyncWaitOperator } from "../../../../operators/sdk/assembly/async/async-wait-operator";
import { CepOperator } from "../../../../operators/sdk/assembly/cep/cep-operator";
import { AggregateOperator } from "../../../../operators/sdk/assembly/window/aggregate-function";
import { CoGroupOperator } from "../../../../operators/sdk/assembly/window/co-group-function";
import { ExchangeOperator } from "../../../../operators/sdk/assembly/exchange";
import { IntervalJoinOperator } from "../../../../operators/sdk/assembly/interval-join";
import { KeyedBroadcastProcessOperator } from "../../../../operators/sdk/assembly/keyed-broadcast-process-function";
import { KeyedCoProcessOperator } from "../../../../operators/sdk/assembly/keyed-co-process-function";
import { KeyedProcessOperator } from "../../../../operators/sdk/assembly/keyed-process-function";
import { Operator } from "../../../../operators/sdk/assembly/operator";
import { PartitionOperator } from "../../../../operators/sdk/assembly/partition-function";
import { ProcessWindowOperator } from "../../../../operators/sdk/assembly/window/process-window-function";
import { registerOperator } from "../../../../operators/sdk/assembly/registry";
import { CaseAsync } from "./async-case";
import { TimestampsAndWatermarksOperator } from "../../../../operators/sdk/assembly/time/watermark-strategy";
import { BothInWindow, Pair, PairInWindow } from "./join-functions";
import { KeyProbeOperator } from "./key-probe";
import { LengthPartitioner } from "./partitioner";
import { MatchPattern } from "./pattern-cases";
import {
  AsyncEvent,
  AsyncResult,
  CaseEvent,
  CaseKey,
  CoGroupResult,
  Event,
  JoinResult,
  MatchResult,
  ScriptEvent,
  ScriptResult,
  Sum,
  SumResult,
  TimedEvent,
  WindowResult,
} from "./rows";
import { ScriptBroadcast, ScriptCoProcess, ScriptProcess } from "./script-process";
import { CaseStrategy, MultiplexerOperator } from "./watermark-cases";
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
registerOperator(
  (): Operator => new CoGroupOperator<PairInWindow, Event, Event, CoGroupResult>(),
);
registerOperator(
  (): Operator => new CoGroupOperator<BothInWindow, Event, Event, CoGroupResult>(),
);
registerOperator((): Operator => new CepOperator<MatchPattern, CaseEvent, MatchResult>());
registerOperator((): Operator => new AsyncWaitOperator<CaseAsync, AsyncEvent, AsyncResult>());
registerOperator(
  (): Operator => new TimestampsAndWatermarksOperator<CaseStrategy, TimedEvent>(),
);
registerOperator((): Operator => new MultiplexerOperator());
