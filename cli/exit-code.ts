/** What the process tells scripts; stated in every command's help. */
export const ExitCode = {
  Success: 0,
  /** `validate`: something is wrong with the manifests. */
  Violations: 1,
  /** `explain --diff`: as of `diff`. */
  Differs: 1,
  /** `broker`: it ran, and cannot go on. */
  Failed: 1,
  /** The command line, a file or a port is not as it must be. */
  Usage: 2,
  /** `explain`: the answer is no. */
  Refused: 3,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
