import { describe, expect, test } from "vitest";
import { z } from "zod";
import builtinManifest from "../../operators/builtin/manifest.json" with { type: "json" };
import { fileSourceSchema } from "../../src/connectors/file-splits.ts";
import { filesSinkSchema } from "../../src/connectors/files-sink.ts";
import { printSinkSchema } from "../../src/connectors/line-sinks.ts";
import { builtinOperator, builtinOperatorNames } from "../../src/plan/builtin-operators.ts";
import { sinkConnectors, sourceConnectors } from "../../src/plan/connector-spec.ts";
import { manifestSchema } from "../../src/protocol/manifest.ts";

const described = manifestSchema
  .parse(builtinManifest)
  .operators.filter((operator) => !operator.name.startsWith("$"));

describe("the planner's built-in operators", () => {
  test("are those of the bundle", () => {
    const names = described.map((operator) => operator.name);
    expect([...builtinOperatorNames()].sort()).toEqual(names.sort());
  });

  test.each(described.map((operator) => [operator.name, operator] as const))(
    "%s has the bundle's parameters and inputs",
    (name, operator) => {
      const known = builtinOperator(name)!;
      const shape = (known.parameters as z.ZodObject).shape;
      const parameters = operator.parameters.map((parameter) => parameter.name);
      expect(Object.keys(shape).sort()).toEqual(parameters.sort());
      expect(known.description.inputs).toEqual(operator.inputs);
    },
  );
});

describe("connector options", () => {
  test.each([
    ["file", sourceConnectors.file, fileSourceSchema],
    ["files", sinkConnectors.files, filesSinkSchema],
    ["print", sinkConnectors.print, printSinkSchema],
  ])("of %s are those the worker takes", (_, planned, taken) => {
    expect(z.toJSONSchema(planned)).toEqual(z.toJSONSchema(taken));
  });
});
