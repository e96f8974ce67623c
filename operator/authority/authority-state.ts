/** The authority's certificates over the years: which one signs, and which ones are trusted. */
import { X509Certificate } from 'node:crypto';
import { issueCertificateAuthority } from '../../certificates/issue.ts';
import type { Issued } from '../../certificates/issue.ts';
import { splitPem } from '../../certificates/issued.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const AUTHORITY_DAYS = 3650;

/** Devices have the authority's certificate installed: they get years to take the next one. */
const NEXT_AT = 2 / 3;
const SIGNS_AT = 5 / 6;

/**
 * A new certificate signs nothing before each pod and each operator is sure to trust it: kubelets
 * bring changed Secrets into pods within two minutes, but a node may be down for longer.
 */
const SPREAD_MS = DAY_MS;

export interface AuthorityState {
  /** Signs. */
  readonly current: Issued;
  /** Trusted already, signs later. */
  readonly next: Issued | undefined;
  /**
   * PEM. Trusted still: what it signed expires no later than itself. Its key is gone.
   */
  readonly previous: string | undefined;
}

export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export function validityOf(certificatePem: string): Validity {
  const { validFromDate, validToDate } = new X509Certificate(certificatePem);
  return { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() };
}

/** When this share of the certificate's lifetime is over. */
export function timeAt({ notBeforeMs, notAfterMs }: Validity, share: number): number {
  return notBeforeMs + (notAfterMs - notBeforeMs) * share;
}

export async function newAuthority(nowMs: number): Promise<AuthorityState> {
  return { current: await issueAuthority(nowMs), next: undefined, previous: undefined };
}

/** What it should be now; the same object where that is what it is. */
export async function authorityAt(state: AuthorityState, nowMs: number): Promise<AuthorityState> {
  const current = validityOf(state.current.certificatePem);
  const next = isValid(state.next?.certificatePem, nowMs) ? state.next : undefined;
  if (next !== undefined && nowMs >= promotedAtMs(current, next)) {
    const { certificatePem } = state.current;
    return { current: next, next: undefined, previous: certificatePem };
  }
  // Nobody was here for years: there is nothing left to overlap with.
  if (nowMs >= current.notAfterMs) return newAuthority(nowMs);
  if (next === undefined && nowMs >= timeAt(current, NEXT_AT)) {
    return { ...state, next: await issueAuthority(nowMs) };
  }
  const isDone = state.previous !== undefined && !isValid(state.previous, nowMs);
  return isDone ? { ...state, previous: undefined } : state;
}

function isValid(certificatePem: string | undefined, nowMs: number): boolean {
  return certificatePem !== undefined && nowMs < validityOf(certificatePem).notAfterMs;
}

/** When it is due and has spread; when the current one expires in any case. */
function promotedAtMs(current: Validity, next: Issued): number {
  const spreadMs = validityOf(next.certificatePem).notBeforeMs + SPREAD_MS;
  return Math.min(Math.max(timeAt(current, SIGNS_AT), spreadMs), current.notAfterMs);
}

/** What peers trust: PEM, the one that signs first. */
export function trustPem({ current, next, previous }: AuthorityState): string {
  return [current.certificatePem, next?.certificatePem, previous]
    .flatMap((pem) => (pem === undefined ? [] : splitPem(pem)))
    .join('');
}

/** Its name has the day, so that people can tell one from the next. */
function issueAuthority(nowMs: number): Promise<Issued> {
  const day = new Date(nowMs).toISOString().slice(0, 'yyyy-mm-dd'.length);
  return issueCertificateAuthority({
    nowMs,
    validDays: AUTHORITY_DAYS,
    commonName: `mqttgrid authority ${day}`,
    pathLength: 0,
  });
}
