/** The job a command is about: the one it was given, or the project's; its operators built. */
import { dirname, resolve } from "node:path";
import { type LoadedJob, loadJob } from "./job-file.ts";
import { findProject, needProject, shownPath } from "./project/project.ts";
import { buildIfStale, projectTarget } from "./project/project-build.ts";
import { dim } from "./terminal.ts";

export interface ChosenJob {
  /** Absolute. */
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * @param what For the error: `run`.
 * @throws MillraceError PROJECT_NOT_FOUND where neither is there
 */
export function chooseJob(
  what: string,
  path: string | undefined,
  args: readonly string[],
): ChosenJob {
  if (path !== undefined) return { file: resolve(path), args };
  const project = needProject(what);
  return { file: project.job, args: args.length > 0 ? args : project.args };
}

/**
 * Builds the operators of the job's project where they have changed, and loads the job.
 * @throws MillraceError of the build and of loadJob
 */
export async function loadChosenJob(chosen: ChosenJob): Promise<LoadedJob> {
  const project = findProject(dirname(chosen.file));
  const target = project === undefined ? undefined : projectTarget(project);
  if (target !== undefined) {
    const built = await buildIfStale(target);
    if (built !== undefined) console.error(dim(`Built ${shownPath(target.bundle)}`));
  }
  return loadJob(chosen.file, chosen.args);
}
