import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { loadTextAlgorithms, type TextAlgorithms } from "./text-algorithms.ts";

let text: TextAlgorithms;
beforeAll(async () => {
  text = await loadTextAlgorithms();
}, 60_000);

const double = fc.double({ noNaN: true, noDefaultInfinity: true });
const bits = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((value) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, value);
  return view.getFloat64(0);
});
const parse = (decimal: string): number => {
  expect(text.over("parseFloat64", decimal), decimal).toBe(1);
  return (text.call.floatResult as () => number)();
};
const parseSingle = (decimal: string): number => {
  expect(text.over("parseFloat32", decimal), decimal).toBe(1);
  return (text.call.floatResult as () => number)();
};

/** The exact decimal of the number half-way between two doubles. */
function halfWayAbove(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const raw = view.getBigUint64(0);
  const field = Number(raw >> 52n);
  const mantissa = (raw & 0xfffffffffffffn) | (field === 0 ? 0n : 1n << 52n);
  const power = (field === 0 ? 1 : field) - 1076;
  const odd = 2n * mantissa + 1n;
  if (power >= 0) return (odd << BigInt(power)).toString();
  return `${odd * 5n ** BigInt(-power)}e${power}`;
}

describe("powers of ten", () => {
  test("the table holds 128 bits of each power, rounded as its header says", () => {
    for (let q = -342; q <= 324; q++) {
      const high = BigInt.asUintN(64, text.call.powerHigh!(q) as unknown as bigint);
      const low = BigInt.asUintN(64, text.call.powerLow!(q) as unknown as bigint);
      const stored = (high << 64n) | low;
      let wanted: bigint;
      if (q >= 0) {
        const five = 5n ** BigInt(q);
        const excess = five.toString(2).length - 128;
        wanted = excess > 0 ? five >> BigInt(excess) : five << BigInt(-excess);
      } else {
        const five = 5n ** BigInt(-q);
        wanted = (1n << BigInt(five.toString(2).length + 127)) / five;
        if (q >= -27) wanted += 1n;
      }
      expect(stored, `10^${q}`).toBe(wanted);
    }
  });
});

describe("doubles", () => {
  test("any double prints as JavaScript prints it", () => {
    fc.assert(
      fc.property(fc.oneof(double, bits), (value) => {
        expect(text.print("printFloat64", value)).toBe(String(value));
      }),
      { numRuns: 20_000 },
    );
  });

  test("edge values print as JavaScript prints them", () => {
    const values = [0, -0, 5e-324, 1e21, 123456789012345680000, 1e-7, 0.000001, 2 ** 53, 1 / 3];
    values.push(Number.MAX_VALUE, 2.2250738585072014e-308, 2 ** 53 + 2, 1e23, 100, 1e-5, 4.35);
    for (let power = -1074; power < 1024; power++) values.push(2 ** power, -(2 ** power));
    values.push(Number.NaN, Infinity, -Infinity);
    for (const value of values) expect(text.print("printFloat64", value)).toBe(String(value));
  });

  test("any decimal of up to 40 digits parses as JavaScript parses it", () => {
    const digits = fc.stringMatching(/^[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?$/);
    fc.assert(
      fc.property(fc.oneof(digits, double.map(String)), (decimal) => {
        expect(parse(decimal)).toBe(Number(decimal));
      }),
      { numRuns: 20_000 },
    );
  });

  test("the point half-way between two doubles goes to the even one, a digit more goes up", () => {
    fc.assert(
      fc.property(fc.oneof(double, bits), (value) => {
        const magnitude = Math.abs(value);
        if (!Number.isFinite(magnitude)) return;
        const half = halfWayAbove(magnitude);
        const [digits, power] = half.split("e");
        const above = `${digits}${"0".repeat(30)}1e${Number(power ?? 0) - 31}`;
        expect(parse(half)).toBe(Number(half));
        expect(parse(above)).toBe(Number(above));
      }),
      { numRuns: 3_000 },
    );
  });

  test("long runs of zeros and exponents far out of range do not confuse it", () => {
    const zeros = "0".repeat(1000);
    const hard = [
      `0.${zeros}1e1001`,
      `1${zeros}e-1000`,
      `${"9".repeat(900)}e-600`,
      "1e99999999999",
    ];
    hard.push("0e999999", "1e-99999999", "-0.0", "00001", `0.${zeros}${zeros}1`, "1e309", "2e-324");
    for (const decimal of hard) expect(parse(decimal)).toBe(Number(decimal));
  });

  test.each(["", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x10", " 1", "1 ", "Inf", "nan", "1_0"])(
    "refuses %j",
    (decimal) => {
      expect(text.over("parseFloat64", decimal)).toBe(0);
    },
  );
});

describe("floats", () => {
  test("a float prints as its own shortest decimal, which reads back as the same float", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const printed = text.print("printFloat32", value);
        expect(Math.fround(Number(printed))).toBe(value === 0 ? 0 : value);
        expect(parseSingle(printed)).toBe(value === 0 ? 0 : value);
        for (let digits = 1; digits < 9; digits++) {
          const shorter = value.toPrecision(digits);
          if (Math.fround(Number(shorter)) !== value) continue;
          const size = (decimal: string) =>
            decimal
              .replace(/e.*/, "")
              .replace(/[-.]/g, "")
              .replace(/^0+|0+$/g, "").length;
          expect(size(printed)).toBeLessThanOrEqual(Math.max(size(shorter), 1));
          break;
        }
      }),
      { numRuns: 10_000 },
    );
  });

  test("a decimal is rounded once, not first to a double and then to a float", () => {
    const midpoint = 1 + 2 ** -24;
    expect(parseSingle(`${midpoint.toFixed(24)}00000000000000000000000000000001`)).toBe(
      1 + 2 ** -23,
    );
    expect(parseSingle(midpoint.toFixed(24))).toBe(1);
    expect(parseSingle("1.00000005960464477539062499999999999999")).toBe(1);
    expect(parseSingle("340282356779733661637539395458142568448")).toBe(Infinity);
    expect(parseSingle("340282356779733661637539395458142568447")).toBe(3.4028234663852886e38);
    expect(parseSingle("1e-46")).toBe(0);
  });
});

describe("integers", () => {
  test("any 64-bit integer prints and parses exactly", () => {
    const any = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
    fc.assert(
      fc.property(any, (value) => {
        expect(text.print("printInteger", value)).toBe(String(value));
        expect(text.over("parseInteger", String(value))).toBe(1);
        expect((text.call.integerResult as () => unknown)()).toBe(value);
      }),
    );
  });

  test.each([
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999",
    "",
    "-",
    "1.0",
  ])("refuses %j", (decimal) => {
    expect(text.over("parseInteger", decimal)).toBe(0);
  });

  test("accepts both ends of the range and leading zeros", () => {
    for (const decimal of [
      "9223372036854775807",
      "-9223372036854775808",
      "+0000000000000000000012",
    ]) {
      expect(text.over("parseInteger", decimal)).toBe(1);
      expect((text.call.integerResult as () => unknown)()).toBe(BigInt(decimal.replace("+", "")));
    }
  });
});
