/** `millrace new`: a project with an operator, a job and a test. */
import type { Command } from "commander";
import { makeProject } from "../project/new-project.ts";
import { shownPath } from "../project/project.ts";
import { bold, dim } from "../terminal.ts";

export function registerNew(program: Command): void {
  program
    .command("new")
    .description("make a project: an operator, a job, a test, and what an editor needs")
    .argument("<name>", "folder to make; its last part is the project's name")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  millrace new my-job && cd my-job && npm install && npm test",
    )
    .action(create);
}

function create(path: string, flags: { readonly json?: boolean }): void {
  const project = makeProject(path);
  if (flags.json === true) {
    console.log(JSON.stringify(project));
    return;
  }
  console.log(`${bold(project.name)} is made ${dim(`(millrace ${project.dependency})`)}`);
  for (const file of project.files) console.log(`  ${file}`);
  console.log("\nNext:");
  console.log(`  cd ${shownPath(project.folder)}`);
  console.log("  npm install");
  console.log("  npm test                 # builds the operators, runs the test");
  console.log("  npx millrace dev         # runs the job, again at every save");
}
