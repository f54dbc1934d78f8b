import { describe, expect, test } from "vitest";
import type { z } from "zod";
import builtinManifest from "../../operators/builtin/manifest.json" with { type: "json" };
import { builtinOperator, builtinOperatorNames } from "../../src/plan/builtin-operators.ts";
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
      for (const { name: parameter, default: value } of operator.parameters) {
        if (value !== undefined) shape[parameter]!.parse(value);
      }
      expect(known.description.inputs).toEqual(operator.inputs);
    },
  );
});
