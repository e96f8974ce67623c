import { ExitCode } from './exit-code.ts';

/** Ends the process when `close` has; what it fails with ends it as any fault does. */
export function endWith(exitCode: ExitCode, close: () => Promise<unknown>): void {
  close().then(
    () => process.exit(exitCode),
    (error: unknown) => {
      throw error;
    },
  );
}

/** The first signal ends cleanly; who sends a second one does not want to wait. */
export function endOnSignal(close: (signal: NodeJS.Signals) => Promise<unknown>): void {
  let ending = false;
  const end = (signal: NodeJS.Signals): void => {
    if (ending) process.exit(ExitCode.Success);
    ending = true;
    endWith(ExitCode.Success, () => close(signal));
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
}
