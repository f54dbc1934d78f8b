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
    .option(
      "--dependency <spec>",
      "version, tarball or folder of millrace for its package.json (default: as npm recorded this one)",
    )
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  millrace new my-job && cd my-job && npm install && npm test",
    )
    .action(create);
}

interface NewFlags {
  readonly dependency?: string;
  readonly json?: boolean;
}

function create(path: string, flags: NewFlags): void {
  const project = makeProject(path, flags.dependency);
  if (flags.json === true) {
    console.log(JSON.stringify(project));
    return;
  }
  console.log(`${bold(project.name)} is made ${dim(`(millrace ${project.dependency})`)}`);
  for (const file of project.files) console.log(`  ${file}`);
  if (project.dependency.startsWith("file:vendor/")) {
    console.log(
      dim(
        "npm recorded nothing of this Millrace (a global install): the project has a tarball of it",
      ),
    );
  }
  console.log("\nNext:");
  console.log(`  cd ${shownPath(project.folder)}`);
  console.log("  npm install");
  console.log("  npm test                 # builds the operators, runs the test");
  console.log("  npx millrace dev         # runs the job, again at every save");
}
