/** `@http("rates")`: the endpoints that an asynchronous function asks for. */
import { endpointNameSchema } from "../protocol/http-endpoint.ts";
import type { OperatorDescription } from "../protocol/manifest.ts";
import type { OperatorKind } from "./operator-kinds.ts";
import type { BuildProblem } from "./problem.ts";
import { type ClassSyntax, placeIn } from "./syntax.ts";

const REMEDY = 'Write @http("name") with the names that clusters grant.';

/** Names in their order; complains where there is none, or where the class cannot ask. */
export function readEndpoints(
  operator: ClassSyntax,
  kind: OperatorKind,
  problems: BuildProblem[],
): string[] {
  const complain = (offset: number, message: string, remedy: string): void => {
    problems.push({ place: placeIn(operator.file, offset), message, remedy });
  };
  const decorator = operator.decorators.find((one) => one.name === "http");
  const { name } = operator;
  if (kind.kind !== "async") {
    const remedy = "Extend AsyncFunction: only it can ask the outside.";
    if (decorator !== undefined) complain(decorator.start, `operator ${name} has @http`, remedy);
    return [];
  }
  const names = (decorator?.values ?? []).map(String);
  if (names.length === 0) {
    complain(operator.start, `operator ${name} declares no endpoint`, REMEDY);
  }
  for (const [i, endpoint] of names.entries()) {
    const isName = endpointNameSchema.safeParse(endpoint).success;
    if (isName && names.indexOf(endpoint) === i) continue;
    complain(decorator!.start, `operator ${name}: @http of ${JSON.stringify(endpoint)}`, REMEDY);
  }
  return names;
}

/** `http:rates` for each endpoint that an operator of the bundle asks for, sorted. */
export function endpointCapabilities(operators: readonly OperatorDescription[]): string[] {
  const names = operators.flatMap(({ http = [] }) => http);
  return [...new Set(names)].map((name) => `http:${name}`).sort();
}
