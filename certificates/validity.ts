import { IssueError } from './issue-error.ts';

/** Devices' clocks run late: a certificate that starts now would be refused by many of them. */
export const CLOCK_SKEW_MS = 5 * 60 * 1000;

const DAY_MS = 24 * 60 * 60 * 1000;

export interface ValidityOptions {
  readonly nowMs: number;
  /** CLOCK_SKEW_MS before now unless given. */
  readonly notBeforeMs?: number | undefined;
  /** Wins over `validDays`. */
  readonly notAfterMs?: number | undefined;
  readonly validDays?: number | undefined;
}

export interface ValidityPeriod {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * From when to when a certificate is valid, in whole seconds as X.509 has them, and within its
 * issuer's own period: what outlives its issuer cannot be verified.
 * @throws IssueError where nothing of the period remains
 */
export function validityPeriod(
  options: ValidityOptions & { readonly validDays: number },
  issuer: ValidityPeriod | undefined,
): ValidityPeriod {
  const { nowMs, validDays } = options;
  const notBefore = options.notBeforeMs ?? nowMs - CLOCK_SKEW_MS;
  const notAfter = options.notAfterMs ?? nowMs + validDays * DAY_MS;
  const notBeforeMs = wholeSeconds(Math.max(notBefore, issuer?.notBeforeMs ?? -Infinity));
  const notAfterMs = wholeSeconds(Math.min(notAfter, issuer?.notAfterMs ?? Infinity));
  if (notAfterMs > notBeforeMs) return { notBeforeMs, notAfterMs };
  const asked = `from ${print(notBefore)} to ${print(notAfter)}`;
  const bound = issuer
    ? ` within its issuer's ${print(issuer.notBeforeMs)} to ${print(issuer.notAfterMs)}`
    : '';
  throw new IssueError(`a certificate cannot be valid ${asked}${bound}: nothing remains`);
}

function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}

function print(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
