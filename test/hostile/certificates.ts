/** Client certificates with subjects that no sensible authority would sign, signed all the same. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AttributeTypeAndValue,
  AttributeValue,
  Certificate,
  Extension,
  GeneralName,
  id_ce_subjectAltName,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509';
import type { TBSCertificate } from '@peculiar/asn1-x509';
import type { Issued } from '../../certificates/issue.ts';
import { toPem } from '../../certificates/issued.ts';
import { signerWith } from '../../certificates/keys.ts';
import type { ClientTlsOptions, TestAuthority } from '../support/certificates.ts';

const TYPES = { CN: '2.5.4.3', O: '2.5.4.10', OU: '2.5.4.11', C: '2.5.4.6' } as const;

export type Attribute = readonly [type: keyof typeof TYPES, text: string];
/** Relative distinguished names in their order; one with several attributes is multi-valued. */
export type Subject = readonly (readonly Attribute[])[];

export async function certificateWith(
  authority: TestAuthority,
  subject: Subject,
  alternativeName?: string,
): Promise<ClientTlsOptions> {
  const issued = await authority.client('replaced below');
  const signed = signAnew(issued, authority.intermediate, (tbs) => {
    tbs.subject = nameOf(subject);
    if (alternativeName !== undefined) tbs.extensions?.push(alternative(alternativeName));
  });
  return authority.tlsOptions(signed);
}

function nameOf(subject: Subject): Name {
  return new Name(
    subject.map(
      (attributes) =>
        new RelativeDistinguishedName(
          attributes.map(([type, text]) => {
            const value = new AttributeValue({ utf8String: text });
            return new AttributeTypeAndValue({ type: TYPES[type], value });
          }),
        ),
    ),
  );
}

function alternative(dNSName: string): Extension {
  const names = new SubjectAlternativeName([new GeneralName({ dNSName })]);
  const extnValue = AsnConvert.serialize(names);
  return new Extension({ extnID: id_ce_subjectAltName, extnValue: octets(extnValue) });
}

function octets(bytes: ArrayBuffer): Extension['extnValue'] {
  const { extnValue } = new Extension();
  extnValue.buffer = bytes;
  return extnValue;
}

function signAnew(issued: Issued, issuer: Issued, change: (tbs: TBSCertificate) => void): Issued {
  const certificate = AsnConvert.parse(new X509Certificate(issued.certificatePem).raw, Certificate);
  const { tbsCertificate } = certificate;
  change(tbsCertificate);
  const signer = signerWith(createPrivateKey(issuer.privateKeyPem));
  const signatureValue = signer.sign(new Uint8Array(AsnConvert.serialize(tbsCertificate)));
  const signed = new Certificate({
    tbsCertificate,
    signatureAlgorithm: signer.algorithm,
    signatureValue,
  });
  const certificatePem = toPem('CERTIFICATE', new Uint8Array(AsnConvert.serialize(signed)));
  return { ...issued, certificatePem, chainPem: certificatePem + issuer.chainPem };
}
