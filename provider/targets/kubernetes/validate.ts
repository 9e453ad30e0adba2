/** What is wrong with an App for Kubernetes, from plain data alone. What is not known yet is taken for right. */
import { isUnknown } from "../../schema/fields.ts";
import { nameProblem } from "./names.ts";
import { type Findings, known, runKind, type ValidationInput } from "./validate/input.ts";
import { networkFindings } from "./validate/network.ts";
import { podProblems } from "./validate/pod.ts";
import { runProblems } from "./validate/run.ts";
import { volumeProblems } from "./validate/volumes.ts";

export function validate(input: ValidationInput): Findings {
  const { app } = input;
  const run = runKind(app.run);
  const badName = isUnknown(run) ? undefined : nameProblem(app.name, run);
  const block = known(app.kubernetes) ?? {};
  const network = networkFindings(input, block, run);
  return {
    problems: [
      ...(badName === undefined
        ? []
        : [{ path: "", message: `the name ${JSON.stringify(app.name)} ${badName}` }]),
      ...runProblems(app, block, run),
      ...podProblems(input, block, run),
      ...volumeProblems(input),
      ...network.problems,
    ],
    warnings: network.warnings,
  };
}
