/** The Secret that `spec.tls.secretName` names: the user's, or one that cert-manager keeps. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Issued } from '../../../certificates/issue.ts';
import { issuedFromPem } from '../../../certificates/issued.ts';
import type { FaultReason } from '../../../domain/reasons.ts';
import { quote } from '../../../domain/text.ts';
import type { Violation } from '../../../domain/violation.ts';
import { decoded } from '../../authority/authority-secret.ts';
import type { Secret } from '../../authority/authority-secret.ts';

const TYPE = 'kubernetes.io/tls';

/** What is wrong with it; none where a listener can use it. No word of its content. */
export function tlsSecretViolations(
  name: string,
  secret: Secret | undefined,
  nowMs: number,
): readonly Violation[] {
  const violation = (reason: FaultReason, message: string, remedy: string): Violation[] => [
    { field: ['spec', 'tls', 'secretName'], reason, message, remedy },
  ];
  if (secret === undefined) {
    return violation(
      'RefNotFound',
      `names the Secret ${quote(name)}, which does not exist in this Kubernetes namespace`,
      'create it, or remove the field to have the operator issue a certificate',
    );
  }
  if (secret.type !== TYPE) {
    return violation(
      'InvalidCertificate',
      `names the Secret ${quote(name)}, whose type is ${quote(secret.type ?? '')}, not ${TYPE}`,
      `create it anew with: kubectl create secret tls ${name} --cert=FILE --key=FILE`,
    );
  }
  const fault = pairFault(secret, nowMs);
  if (fault === undefined) return [];
  const message = `names the Secret ${quote(name)}, in which ${fault}`;
  return violation('InvalidCertificate', message, 'put a valid pair of certificate and key in it');
}

function pairFault({ data = {} }: Secret, nowMs: number): string | undefined {
  let issued: Issued;
  try {
    issued = issuedFromPem(decoded(data['tls.crt']), decoded(data['tls.key']));
  } catch {
    // OpenSSL's words for it are about neither the field nor the remedy.
    return 'tls.crt and tls.key are not a certificate and its private key in PEM';
  }
  try {
    createSecureContext({ cert: issued.chainPem, key: issued.privateKeyPem });
  } catch (error) {
    // A key that is too short, for instance.
    return `the certificate cannot serve TLS (${(error as Error).message})`;
  }
  const { validFromDate, validToDate } = new X509Certificate(issued.certificatePem);
  if (nowMs >= validToDate.getTime()) {
    return `the certificate has expired (${validToDate.toISOString()})`;
  }
  if (nowMs < validFromDate.getTime()) {
    return `the certificate is not valid before ${validFromDate.toISOString()}`;
  }
  return undefined;
}
