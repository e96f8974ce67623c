import {
  AttributeTypeAndValue,
  AttributeValue,
  Name,
  RelativeDistinguishedName,
} from '@peculiar/asn1-x509';
import type { CertificateSubject } from '../domain/resources.ts';
import { quote } from '../domain/text.ts';
import { IssueError } from './issue-error.ts';

/** ub-common-name, ub-organization-name, ub-organizational-unit-name: RFC 5280, Appendix A.1. */
const NAME_LENGTH_MAX = 64;

const COUNTRY_CODE = /^[A-Za-z]{2}$/;

/**
 * The subject as an X.501 name, from the general to the particular, which is how people read it.
 * @throws IssueError where a field exceeds what X.509 allows; it names the field and the rule
 */
export function distinguishedName(subject: CertificateSubject): Name {
  const { commonName, organization, organizationUnit, countryCode } = subject;
  const parts = [
    countryCode === undefined ? undefined : part('2.5.4.6', country(countryCode)),
    directoryPart('organization', '2.5.4.10', organization),
    directoryPart('organizationUnit', '2.5.4.11', organizationUnit),
    directoryPart('commonName', '2.5.4.3', commonName),
  ];
  return new Name(parts.filter((each) => each !== undefined));
}

function part(type: string, value: AttributeValue): RelativeDistinguishedName {
  return new RelativeDistinguishedName([new AttributeTypeAndValue({ type, value })]);
}

function directoryPart(
  field: keyof CertificateSubject,
  type: string,
  text: string | undefined,
): RelativeDistinguishedName | undefined {
  if (text === undefined) return undefined;
  const length = [...text].length;
  if (length < 1 || length > NAME_LENGTH_MAX || !text.isWellFormed() || text.includes('\0')) {
    throw new IssueError(
      `${field} ${quote(text)} cannot stand in a certificate: X.509 allows 1 to ` +
        `${NAME_LENGTH_MAX} characters of Unicode, and no NUL`,
    );
  }
  return part(type, new AttributeValue({ utf8String: text }));
}

function country(code: string): AttributeValue {
  if (!COUNTRY_CODE.test(code)) {
    throw new IssueError(
      `countryCode ${quote(code)} cannot stand in a certificate: ` +
        'X.509 allows two letters, as in ISO 3166 ("US")',
    );
  }
  return new AttributeValue({ printableString: code });
}
