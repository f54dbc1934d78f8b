/**
 * The passes of Binaryen that an optimized bundle goes through, in place of those of `asc -O3
 * --converge`: as fast code in half of the time (docs/performance.md has both sides). Theirs run
 * the default passes of level 4 again over whatever each of a dozen passes has touched, and all of it
 * once more to see whether the module shrinks; ours inline first and sweep over each function once.
 */
import type { CompilerTransform } from "./assemblyscript.ts";

/** Binaryen's options, which are global in its module. */
interface Binaryen {
  setOptimizeLevel(level: number): void;
  setShrinkLevel(level: number): void;
  setDebugInfo(on: boolean): void;
  setFastMath(on: boolean): void;
  setAlwaysInlineMaxSize(size: number): void;
  setFlexibleInlineMaxSize(size: number): void;
  setOneCallerInlineMaxSize(size: number): void;
  setAllowInliningFunctionsWithLoops(allowed: boolean): void;
}

interface BinaryenModule {
  runPasses(names: readonly string[]): void;
}

/** Of the whole module: accessors, `collect` and the author's method end up in the loop over rows. */
const INLINE = [
  "duplicate-function-elimination",
  "remove-unused-module-elements",
  "once-reduction",
  "directize",
  "inlining",
  "remove-unused-module-elements",
  "simplify-globals",
];

/** Over each function, in the order of Binaryen's own level 3. */
const SWEEP = [
  "ssa-nomerge",
  "dce",
  "remove-unused-names",
  "remove-unused-brs",
  "remove-unused-names",
  "optimize-instructions",
  "pick-load-signs",
  "precompute-propagate",
  "code-pushing",
  "simplify-locals-nostructure",
  "vacuum",
  "reorder-locals",
  "remove-unused-brs",
  "merge-locals",
  "coalesce-locals",
  "local-cse",
  "simplify-locals",
  "vacuum",
  "reorder-locals",
  "coalesce-locals",
  "reorder-locals",
  "vacuum",
  "code-folding",
  "merge-blocks",
  "remove-unused-brs",
  "remove-unused-names",
  "merge-blocks",
  "precompute-propagate",
  "optimize-instructions",
  "rse",
  "vacuum",
];

/** What has become small enough to be inlined; these two sweep only over what they changed. */
const FINISH = [
  "dae-optimizing",
  "inlining-optimizing",
  "duplicate-function-elimination",
  "simplify-globals",
  "remove-unused-module-elements",
];

/** Runs the passes when the compiler has made its module, and before it validates it. */
export class Optimize implements CompilerTransform {
  /** The compiler puts it here. */
  declare readonly binaryen: Binaryen;

  afterCompile(module: BinaryenModule): void {
    const { binaryen } = this;
    binaryen.setOptimizeLevel(3);
    binaryen.setShrinkLevel(0);
    binaryen.setDebugInfo(false);
    // Nothing here is worth a NaN with other bits.
    binaryen.setFastMath(false);
    // The sizes of asc -O3: the SDK's accessors are just below them.
    binaryen.setAlwaysInlineMaxSize(12);
    binaryen.setFlexibleInlineMaxSize(70);
    binaryen.setOneCallerInlineMaxSize(200);
    binaryen.setAllowInliningFunctionsWithLoops(true);
    module.runPasses([...INLINE, ...SWEEP, ...FINISH]);
  }
}
