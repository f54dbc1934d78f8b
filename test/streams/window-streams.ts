/** Random streams through window_aggregate, in batches of many rows, against the naive model. */
import fc from "fast-check";
import { type HarnessModule, MODES } from "../conformance/operator-harness.ts";
import { operatorNumber } from "../operators/builtin/builtin-module.ts";
import { KeyedWindowModel, type KeyedWindowSpec } from "./keyed-window-model.ts";
import { OperatorStream } from "./operator-stream.ts";
import { play, segments, steps } from "./random-steps.ts";
import { STREAM_KEY, V } from "./stream-operators.ts";
import { expectEqual, type StreamProperty } from "./stream-property.ts";

const ASSIGNERS = ["tumbling", "sliding", "session", "dynamic_session"] as const;

export const windowSpec: fc.Arbitrary<KeyedWindowSpec> = fc.record({
  assigner: fc.constantFrom(...ASSIGNERS),
  size: fc.bigInt({ min: 1n, max: 30n }),
  slide: fc.bigInt({ min: 1n, max: 12n }),
  gap: fc.bigInt({ min: 1n, max: 12n }),
  lateness: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 20n })),
});

/** What an operator over such windows is opened with. */
export function windowParametersOf(spec: KeyedWindowSpec) {
  const lateness = Number(spec.lateness);
  switch (spec.assigner) {
    case "tumbling":
      return { assigner: "tumbling", size: Number(spec.size), lateness };
    case "sliding":
      return { assigner: "sliding", size: Number(spec.size), slide: Number(spec.slide), lateness };
    case "session":
      return { assigner: "session", gap: Number(spec.gap), lateness };
    case "dynamic_session":
      return { assigner: "session", gapField: "gap", lateness };
  }
}

const scenario = fc.record({
  spec: windowSpec,
  steps,
  mode: fc.constantFrom(...Object.values(MODES)),
  text: fc.boolean(),
});

export function windowStreams(module: HarnessModule): StreamProperty {
  return fc.property(scenario, ({ spec, steps: list, mode, text }) => {
    const key = STREAM_KEY[text ? "text" : "long"];
    const schema = [key, V, { ...V, name: "gap" }];
    const results = ["sum", "n", "least", "window_start", "window_end"];
    const model = new KeyedWindowModel(spec);
    const stream = new OperatorStream({
      module,
      mode,
      setup: {
        operator: operatorNumber("window_aggregate"),
        parameters: {
          ...windowParametersOf(spec),
          aggregates: [
            { fn: "count", as: "n" },
            { fn: "sum", field: "v", as: "sum" },
            { fn: "min", field: "v", as: "least" },
          ],
        },
        inputs: [{ schema, keys: ["k"] }],
        outputs: [
          { name: "main", schema: [key, ...results.map((name) => ({ ...V, name }))] },
          { name: "late", schema },
        ],
      },
      row: (step, index) => [key.of(step.key), 1n << BigInt(index), step.gap],
      inputOf: () => 0,
      textOf: ({ values }, output) => {
        const k = String(values.k).replace("key ", "");
        if (output > 0) return `late ${k} ${values.v}`;
        const sum = values.sum as bigint;
        const bits = sum.toString(2);
        const count = BigInt(bits.replaceAll("0", "").length);
        const least = 2n ** BigInt(bits.length - 1 - bits.lastIndexOf("1"));
        expectEqual([values.n, values.least], [count, least]);
        return `${k} ${values.window_start} ${values.window_end} ${sum}`;
      },
    });
    play(list, stream, model);
    stream.close();
    expectEqual(segments(stream.main), segments(model.main));
    expectEqual(stream.side.sort(), model.late.sort());
    expectEqual(stream.refused, model.refused.length);
  });
}
