/**
 * Flink's way from a key to a subtask: Java's hashCode of the key's external type, a murmur mix,
 * the key group, the subtask (Flink: KeyGroupRangeAssignment). docs/types.md has the formulas.
 *
 * Used for planning and as the oracle of the modules' own hashing; records are hashed in modules.
 */
import { assert } from "./errors.ts";
import { hashValue } from "./key-hash.ts";
import { MAX_PARALLELISM } from "./limits.ts";
import type { LogicalType } from "./types.ts";

/** Flink: KeyGroupRangeAssignment.DEFAULT_LOWER_BOUND_MAX_PARALLELISM. */
export const DEFAULT_MIN_MAX_PARALLELISM = 128;

/**
 * Hash of a key. One field: its own hash. Several: as Flink's tuples, 31 * h + next, from the hash
 * of the first. A null field counts 0.
 */
export function keyHash(values: readonly unknown[], types: readonly LogicalType[]): number {
  assert(values.length === types.length && values.length > 0, "a key has one value per type");
  let hash = hashValue(values[0], types[0]!);
  for (let i = 1; i < values.length; i++) {
    hash = (Math.imul(31, hash) + hashValue(values[i], types[i]!)) | 0;
  }
  return hash;
}

/**
 * Murmur3-32 with seed 0 of one 4-byte word, made non-negative (Flink: MathUtils.murmurHash):
 * itself if >= 0, 0 for -2^31, else its negation.
 */
export function murmurMix(hash: number): number {
  let code = Math.imul(hash, 0xcc9e2d51);
  code = Math.imul((code << 15) | (code >>> 17), 0x1b873593);
  code = (code << 13) | (code >>> 19);
  code = (Math.imul(code, 5) + 0xe6546b64) | 0;
  code ^= 4;
  code = Math.imul(code ^ (code >>> 16), 0x85ebca6b);
  code = Math.imul(code ^ (code >>> 13), 0xc2b2ae35);
  code ^= code >>> 16;
  if (code >= 0) return code;
  return code === -0x8000_0000 ? 0 : -code;
}

/** Key group of a hash, from 0 to maxParallelism - 1. */
export function keyGroupOf(hash: number, maxParallelism: number): number {
  checkMaxParallelism(maxParallelism);
  return murmurMix(hash) % maxParallelism;
}

/** Subtask that owns a key group. */
export function subtaskOf(keyGroup: number, maxParallelism: number, parallelism: number): number {
  checkParallelism(maxParallelism, parallelism);
  assert(keyGroup >= 0 && keyGroup < maxParallelism, `key group ${keyGroup} is in range`);
  return Math.floor((keyGroup * parallelism) / maxParallelism);
}

/** Key groups of a subtask, both ends inclusive; parallelism is at most maxParallelism. */
export function keyGroupRange(
  subtask: number,
  maxParallelism: number,
  parallelism: number,
): { readonly start: number; readonly end: number } {
  checkParallelism(maxParallelism, parallelism);
  assert(subtask >= 0 && subtask < parallelism, `subtask ${subtask} is below ${parallelism}`);
  return {
    start: Math.floor((subtask * maxParallelism + parallelism - 1) / parallelism),
    end: Math.floor(((subtask + 1) * maxParallelism - 1) / parallelism),
  };
}

/**
 * maxParallelism of an operator that does not state it: 1.5 times the parallelism, rounded up to a
 * power of two, within 128 and 32768.
 */
export function defaultMaxParallelism(parallelism: number): number {
  assert(parallelism >= 1 && parallelism <= MAX_PARALLELISM, `parallelism ${parallelism}`);
  const wanted = parallelism + Math.floor(parallelism / 2);
  let power = DEFAULT_MIN_MAX_PARALLELISM;
  while (power < wanted && power < MAX_PARALLELISM) power *= 2;
  return power;
}

function checkMaxParallelism(maxParallelism: number): void {
  const inRange = maxParallelism >= 1 && maxParallelism <= MAX_PARALLELISM;
  assert(Number.isInteger(maxParallelism) && inRange, `maxParallelism ${maxParallelism}`);
}

function checkParallelism(maxParallelism: number, parallelism: number): void {
  checkMaxParallelism(maxParallelism);
  const inRange = parallelism >= 1 && parallelism <= maxParallelism;
  assert(Number.isInteger(parallelism) && inRange, `parallelism ${parallelism}`);
}
