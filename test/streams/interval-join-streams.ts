/** Random streams through the SDK's interval join, against the naive model. */
import fc from "fast-check";
import { type HarnessModule, MODES } from "../conformance/operator-harness.ts";
import { IntervalJoinModel } from "./interval-join-model.ts";
import { OperatorStream } from "./operator-stream.ts";
import { play, segments, steps } from "./random-steps.ts";
import { operatorOf, STREAM_KEY, V } from "./stream-operators.ts";
import { expectEqual, type StreamProperty } from "./stream-property.ts";

const TAG = { name: "tag", type: { type: "STRING", nullable: false } } as const;
const LATE = ["late_left", "late_right"];

const scenario = fc.record({
  lower: fc.bigInt({ min: -15n, max: 15n }),
  width: fc.bigInt({ min: 0n, max: 20n }),
  lowerExclusive: fc.boolean(),
  upperExclusive: fc.boolean(),
  steps,
  mode: fc.constantFrom(...Object.values(MODES)),
  text: fc.boolean(),
  tagged: fc.boolean(),
});

/** A tag of any length, told by the row's number. */
const tagOf = (index: number): string => "t".repeat((index * 7) % 40);

export function intervalJoinStreams(module: HarnessModule): StreamProperty {
  return fc.property(scenario, (one) => {
    const { lower, width, lowerExclusive, upperExclusive, mode, text, tagged } = one;
    const bounds = { lower, upper: lower + width, lowerExclusive, upperExclusive };
    const key = STREAM_KEY[text ? "text" : "long"];
    const input = { schema: [key, V, TAG], keys: ["k"] };
    const pair = ["left", "right"].map((name) => ({ ...V, name }));
    const schema = tagged ? [...pair, { ...TAG, name: "tags" }] : pair;
    const model = new IntervalJoinModel(bounds);
    const stream = new OperatorStream({
      module,
      mode,
      setup: {
        operator: operatorOf(tagged ? "MatchTagged" : "Match"),
        parameters: {
          lower: Number(lower),
          upper: Number(bounds.upper),
          lowerExclusive,
          upperExclusive,
        },
        inputs: [input, input],
        outputs: [
          { name: "main", schema },
          ...LATE.map((name) => ({ name, schema: input.schema })),
        ],
      },
      row: (step, index) => [key.of(step.key), BigInt(index), tagOf(index)],
      inputOf: (step) => (step.right ? 1 : 0),
      textOf: ({ values, time }, output) => {
        if (output > 0) return `late ${values.v}`;
        const [left, right] = [Number(values.left), Number(values.right)];
        if (tagged) expectEqual(values.tags, `${tagOf(left)},${tagOf(right)}`);
        return `${left} ${right} ${time}`;
      },
      incremental: true,
    });
    play(one.steps, stream, model);
    stream.close();
    expectEqual(segments(stream.main), segments(model.main));
    expectEqual(stream.side.sort(), model.late.sort());
    expectEqual(stream.refused, 0);
  });
}
