/** Random streams through joins and coGroups over windows, against the naive model of windows. */
import fc from "fast-check";
import { type HarnessModule, MODES } from "../conformance/operator-harness.ts";
import { KeyedWindowModel } from "./keyed-window-model.ts";
import { OperatorStream } from "./operator-stream.ts";
import { type ElementStep, play, type Step, segments, steps } from "./random-steps.ts";
import { operatorOf, STREAM_KEY, V } from "./stream-operators.ts";
import { expectEqual, type StreamProperty } from "./stream-property.ts";
import { windowParametersOf, windowSpec } from "./window-streams.ts";

const scenario = fc.record({
  spec: windowSpec,
  steps,
  function: fc.constantFrom("Join" as const, "FlatJoin" as const, "Group" as const),
  mode: fc.constantFrom(...Object.values(MODES)),
  text: fc.boolean(),
});

export function windowJoinStreams(module: HarnessModule): StreamProperty {
  return fc.property(scenario, (one) => {
    const { spec, mode, text } = one;
    const key = STREAM_KEY[text ? "text" : "long"];
    // The gap has another place in the other stream.
    const gap = { ...V, name: "gap" };
    const model = new KeyedWindowModel(spec);
    const stream = new OperatorStream({
      module,
      mode,
      setup: {
        operator: operatorOf(one.function),
        parameters: windowParametersOf(spec),
        inputs: [
          { schema: [key, V, gap], keys: ["k"] },
          { schema: [gap, key, V], keys: ["k"] },
        ],
        outputs: [{ name: "main", schema: ["left", "right"].map((name) => ({ ...V, name })) }],
      },
      row: (step, index) => {
        const [k, v] = [key.of(step.key), 1n << BigInt(index)];
        return step.right ? [step.gap, k, v] : [k, v, step.gap];
      },
      inputOf: (step) => (step.right ? 1 : 0),
      textOf: ({ values, time }) => `${values.left} ${values.right} ${time}`,
    });
    play(one.steps, stream, model);
    stream.close();
    const rights = maskOf(one.steps, (step) => step.right);
    const expected = model.firings.map((firing) =>
      typeof firing === "string" ? [firing] : rowsOf(one.function, firing, rights),
    );
    expectEqual(segments(stream.main), segments(expected.flat()));
    expectEqual(stream.refused, model.refused.length);
  });
}

/** Bits of the steps of one kind. */
function maskOf(list: readonly Step[], is: (step: ElementStep) => boolean): bigint {
  return list.reduce(
    (mask, step, i) => (step.op === "element" && is(step) ? mask | (1n << BigInt(i)) : mask),
    0n,
  );
}

/** What a function makes of a window that fires. */
function rowsOf(
  name: "Join" | "FlatJoin" | "Group",
  { sum, end }: { readonly sum: bigint; readonly end: bigint },
  rights: bigint,
): string[] {
  const [left, right] = [sum & ~rights, sum & rights];
  const row = (l: bigint, r: bigint): string => `${l} ${r} ${end - 1n}`;
  if (name === "Group") return [row(left, right)];
  return bitsOf(left).flatMap((l) => bitsOf(right).map((r) => row(l, r)));
}

function bitsOf(mask: bigint): bigint[] {
  const bits: bigint[] = [];
  for (let bit = 1n; bit <= mask; bit <<= 1n) if ((mask & bit) !== 0n) bits.push(bit);
  return bits;
}
