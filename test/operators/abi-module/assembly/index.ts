/** A module that uses every entry point of the ABI. The order is that of abi-module.test.ts. */
import { ExchangeOperator } from "../../../../operators/sdk/assembly/exchange";
import { Operator } from "../../../../operators/sdk/assembly/operator";
import { registerOperator } from "../../../../operators/sdk/assembly/registry";
import { LedgerOperator } from "./ledger";
import { NumbersOperator } from "./numbers";

export * from "../../../../operators/sdk/assembly/abi";

registerOperator((): Operator => new LedgerOperator());
registerOperator((): Operator => new NumbersOperator());
registerOperator((): Operator => new ExchangeOperator());
