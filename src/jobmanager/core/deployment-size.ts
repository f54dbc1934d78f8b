/** Whether what a worker is told to run fits one control message. */
import { deploymentBytes } from "../../protocol/control-messages.ts";
import type { Deployment } from "../../protocol/deployment.ts";
import type { ErrorBody } from "../../protocol/errors.ts";
import { CONTROL_MESSAGE_MAX_BYTES } from "../../protocol/limits.ts";

/**
 * DEPLOYMENT_TOO_LARGE if the message would be longer than a worker's link takes: its socket would
 * be closed, with all that its other jobs run there, and the next attempt would do so again.
 * @param reserveBytes room for what is not known yet (addresses of workers, at submission)
 */
export function deploymentTooLarge(
  deployment: Deployment,
  reserveBytes = 0,
): ErrorBody | undefined {
  const bytes = deploymentBytes(deployment) + reserveBytes;
  if (bytes <= CONTROL_MESSAGE_MAX_BYTES) return undefined;
  return {
    code: "DEPLOYMENT_TOO_LARGE",
    message: `Cannot deploy job: what a worker has to be told takes ${bytes} bytes`,
    field: "vertices",
    value: String(bytes),
    expected: `at most ${CONTROL_MESSAGE_MAX_BYTES}: fewer operators, columns or subtasks`,
  };
}
