/** The engine's own bundle. The order is that of operators/builtin/manifest.json. */
import { ExchangeOperator } from "../../sdk/assembly/exchange";
import { registerOperator } from "../../sdk/assembly/registry";
import { WindowAggregateOperator } from "../../sdk/assembly/window/window-aggregate";
import { AssignTimestampsOperator } from "./assign-timestamps";
import { CsvOperator } from "./csv-source";
import { DatagenOperator } from "./datagen";
import { FormatCsvOperator } from "./format-csv";
import { FormatJsonOperator } from "./format-json";
import { FormatTextOperator } from "./format-text";
import { JsonLinesOperator } from "./json-lines";
import { KeyedReduceFieldOperator } from "./keyed-reduce-field";
import { SelectOperator } from "./select";
import { TextLinesOperator } from "./text-lines";
import { WindowReduceFieldOperator } from "./window-reduce-field";

export * from "../../sdk/assembly/abi";

registerOperator(() => new TextLinesOperator());
registerOperator(() => new JsonLinesOperator());
registerOperator(() => new CsvOperator());
registerOperator(() => new DatagenOperator());
registerOperator(() => new AssignTimestampsOperator());
registerOperator(() => new SelectOperator());
// The head of an iteration hands on all columns of two inputs that are alike.
registerOperator(() => new SelectOperator());
registerOperator(() => new WindowAggregateOperator());
registerOperator(() => new KeyedReduceFieldOperator());
registerOperator(() => new WindowReduceFieldOperator());
registerOperator(() => new FormatJsonOperator());
registerOperator(() => new FormatCsvOperator());
registerOperator(() => new FormatTextOperator());
registerOperator(() => new ExchangeOperator());
