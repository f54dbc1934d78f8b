// Builds one entry again and again in one process, edited each time: `compiler entry builds`. Prints
// the times of each as JSON, in seconds. JavaScript, as it imports the packed compiler.
import { writeFileSync } from "node:fs";

const [compiler, entry, builds] = process.argv.slice(2);
const { buildBundle } = await import(compiler);
const times = [];
for (let build = 0; build < Number(builds); build++) {
  writeFileSync(entry, `// build ${build} of one process\n`, { flag: "a" });
  const started = performance.now();
  const before = process.cpuUsage();
  await buildBundle({ entry, name: "bench" });
  const { user, system } = process.cpuUsage(before);
  times.push({ wall: (performance.now() - started) / 1_000, cpu: (user + system) / 1e6 });
}
console.log(JSON.stringify(times));
