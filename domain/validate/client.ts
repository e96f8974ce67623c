import { normalizeThumbprint } from '../certificate.ts';
import {
  nameOf,
  type CertificateSubject,
  type CertificateThumbprint,
  type ClientAuthentication,
  type ResourceOf,
} from '../resources.ts';
import { failure, success } from '../result.ts';
import type { ClientCredential, SnapshotClient } from '../snapshot.ts';
import { quote } from '../text.ts';
import type { FieldPath, Violation } from '../violation.ts';
import { readAttributes } from './attributes.ts';
import { objectOf, oneOf, RECORD, REFERENCE, TEXT } from './shape.ts';
import { NAME_AND_DESCRIPTION, nameViolations, shapeFault, type Validated } from './validation.ts';

const SHAPE = objectOf(
  {
    namespaceRef: REFERENCE,
    authentication: objectOf(
      {},
      {
        certificateSubject: objectOf(
          { commonName: TEXT },
          { organization: TEXT, organizationUnit: TEXT, countryCode: TEXT },
        ),
        certificateThumbprint: objectOf({ primary: TEXT }, { secondary: TEXT }),
      },
    ),
  },
  { ...NAME_AND_DESCRIPTION, state: oneOf(['Enabled', 'Disabled']), attributes: RECORD },
);

const AUTHENTICATION: FieldPath = ['spec', 'authentication'];

export function validateClient(resource: ResourceOf<'Client'>): Validated<SnapshotClient> {
  const { spec } = resource;
  const malformed = shapeFault(SHAPE, spec);
  if (malformed !== undefined) return malformed;
  const credential = readCredential(spec.authentication);
  const attributes = readAttributes(spec.attributes ?? {});
  const names = nameViolations(resource);
  if (names.length > 0 || !credential.ok || !attributes.ok) {
    return failure([
      ...names,
      ...(credential.ok ? [] : credential.fault),
      ...(attributes.ok ? [] : attributes.fault),
    ]);
  }
  return success({
    name: nameOf(resource),
    state: spec.state ?? 'Enabled',
    credential: credential.value,
    attributes: attributes.value,
  });
}

/** "One and only one authentication type properties [...] must be provided". */
function readCredential(authentication: ClientAuthentication): Validated<ClientCredential> {
  const { certificateSubject, certificateThumbprint } = authentication;
  if (certificateSubject !== undefined && certificateThumbprint !== undefined) {
    return failure([
      invalid(
        AUTHENTICATION,
        'states both certificateSubject and certificateThumbprint, but a client has one',
        'remove one of the two',
      ),
    ]);
  }
  if (certificateSubject !== undefined) return readSubject(certificateSubject);
  if (certificateThumbprint !== undefined) return readThumbprints(certificateThumbprint);
  return failure([
    invalid(
      AUTHENTICATION,
      'states neither certificateSubject nor certificateThumbprint',
      'state certificateSubject for a certificate issued under a registered CA, or ' +
        'certificateThumbprint for a self-signed one',
    ),
  ]);
}

function invalid(field: FieldPath, message: string, remedy: string): Violation {
  return { field, reason: 'InvalidAuthentication', message, remedy };
}

export const SUBJECT_FIELDS = [
  'commonName',
  'organization',
  'organizationUnit',
  'countryCode',
] as const satisfies readonly (keyof CertificateSubject)[];

function readSubject(subject: CertificateSubject): Validated<ClientCredential> {
  const violations: Violation[] = [];
  const required: { -readonly [Field in keyof CertificateSubject]: CertificateSubject[Field] } = {
    commonName: subject.commonName,
  };
  for (const field of SUBJECT_FIELDS) {
    const value = subject[field];
    if (value === undefined) continue;
    const fault = subjectFieldViolation(field, value);
    if (fault === undefined) required[field] = value;
    else violations.push(fault);
  }
  if (violations.length > 0) return failure(violations);
  return success({ type: 'CertificateSubject', subject: required });
}

/** Undefined: a certificate's subject may have this value. */
export function subjectFieldViolation(
  field: (typeof SUBJECT_FIELDS)[number],
  value: string,
): Violation | undefined {
  const path = [...AUTHENTICATION, 'certificateSubject', field];
  if (value === '') {
    const optional = field === 'commonName' ? '' : ', or remove it to accept any';
    const remedy = `state what the subject of the client's certificate has there${optional}`;
    return invalid(path, 'is empty, and no certificate has an empty one', remedy);
  }
  if (field === 'countryCode' && !/^[A-Za-z]{2}$/.test(value)) {
    return invalid(
      path,
      `${quote(value)} is not a country code, which has two letters (X.520)`,
      'state the two letters that the certificate has as C',
    );
  }
  return undefined;
}

function readThumbprints(thumbprint: CertificateThumbprint): Validated<ClientCredential> {
  const violations: Violation[] = [];
  const thumbprints = new Set<string>();
  for (const field of ['primary', 'secondary'] as const) {
    const text = thumbprint[field];
    if (text === undefined) continue;
    const normalized = normalizeThumbprint(text);
    if (normalized.ok) {
      thumbprints.add(normalized.value);
    } else {
      const path = [...AUTHENTICATION, 'certificateThumbprint', field];
      violations.push(invalid(path, normalized.fault.message, normalized.fault.remedy));
    }
  }
  if (violations.length > 0) return failure(violations);
  return success({ type: 'CertificateThumbprint', thumbprints: [...thumbprints] });
}
