/** Bundles of a certificate and its key for devices and tools that take one file: RFC 7292. */
import {
  createHash,
  createHmac,
  createPrivateKey,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { ContentInfo } from '@peculiar/asn1-cms';
import {
  AuthenticatedSafe,
  CertBag,
  MacData,
  PFX,
  PKCS12Attribute,
  SafeBag,
  SafeContents,
  id_certBag,
  id_pkcs8ShroudedKeyBag,
  id_x509Certificate,
} from '@peculiar/asn1-pfx';
import { DigestInfo } from '@peculiar/asn1-rsa';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, AttributeValue } from '@peculiar/asn1-x509';
import forge from 'node-forge';
import { splitPem } from './issued.ts';

const DATA = '1.2.840.113549.1.7.1';
const FRIENDLY_NAME = '1.2.840.113549.1.9.20';
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21';
const SHA_256 = '2.16.840.1.101.3.4.2.1';

/** What OpenSSL 3 writes by default, for the key as for the integrity check. */
const MAC_ITERATIONS = 2048;
const MAC_SALT_BYTES = 16;
const MAC_KEY_BYTES = 32;
/** The purpose "integrity" of a derived key: RFC 7292, Appendix B.3. */
const MAC_KEY_ID = 3;

export interface Pkcs12Options {
  readonly certificatePem: string;
  /** The certificate may be among them; the others go into the bundle as they are. */
  readonly chainPem: string;
  /** PKCS#8, not encrypted. */
  readonly privateKeyPem: string;
  readonly password: string;
  /** What tools show beside the certificate. */
  readonly friendlyName: string;
}

/**
 * The key is encrypted with AES-256 (PBES2, PBKDF2 with HMAC-SHA-256), the whole is authenticated
 * with HMAC-SHA-256, the certificates are public and stay readable.
 */
export function toPkcs12(options: Pkcs12Options): Buffer {
  const leaf = new X509Certificate(options.certificatePem).raw;
  const others = splitPem(options.chainPem)
    .map((pem) => new X509Certificate(pem).raw)
    .filter((certificate) => !certificate.equals(leaf));
  const attributes = bagAttributes(leaf, options.friendlyName);
  const keyBag = new SafeBag({
    bagId: id_pkcs8ShroudedKeyBag,
    bagValue: encryptedKey(options.privateKeyPem, options.password),
    bagAttributes: attributes,
  });
  const safe = AsnConvert.serialize(
    new AuthenticatedSafe([
      dataOf([
        certificateBag(leaf, attributes),
        ...others.map((certificate) => certificateBag(certificate)),
      ]),
      dataOf([keyBag]),
    ]),
  );
  const macData = authenticate(new Uint8Array(safe), options.password);
  const authSafe = data(safe);
  return Buffer.from(AsnConvert.serialize(new PFX({ version: 3, authSafe, macData })));
}

function data(content: ArrayBuffer): ContentInfo {
  return new ContentInfo({
    contentType: DATA,
    content: AsnConvert.serialize(new OctetString(content)),
  });
}

function dataOf(bags: SafeBag[]): ContentInfo {
  return data(AsnConvert.serialize(new SafeContents(bags)));
}

function certificateBag(certificate: Uint8Array, bagAttributes?: PKCS12Attribute[]): SafeBag {
  const certValue = AsnConvert.serialize(new OctetString(certificate));
  const bagValue = AsnConvert.serialize(new CertBag({ certId: id_x509Certificate, certValue }));
  return new SafeBag({
    bagId: id_certBag,
    bagValue,
    ...(bagAttributes === undefined ? {} : { bagAttributes }),
  });
}

/** Equal local key identifiers are what tells a reader which certificate the key belongs to. */
function bagAttributes(certificate: Uint8Array, friendlyName: string): PKCS12Attribute[] {
  const localKeyId = createHash('sha1').update(certificate).digest();
  return [
    bagAttribute(FRIENDLY_NAME, new AttributeValue({ bmpString: friendlyName })),
    bagAttribute(LOCAL_KEY_ID, new OctetString(localKeyId)),
  ];
}

function bagAttribute(type: string, value: object): PKCS12Attribute {
  // The constructor of @peculiar/asn1-pfx 2.11 forgets what it is given.
  const attribute = new PKCS12Attribute();
  attribute.attrId = type;
  attribute.attrValues = [AsnConvert.serialize(value)];
  return attribute;
}

/** An EncryptedPrivateKeyInfo, which is OpenSSL's own work whatever kind of key it is. */
function encryptedKey(privateKeyPem: string, passphrase: string): ArrayBuffer {
  const der = createPrivateKey(privateKeyPem).export({
    type: 'pkcs8',
    format: 'der',
    cipher: 'aes-256-cbc',
    passphrase,
  });
  return Uint8Array.from(der).buffer;
}

function authenticate(content: Uint8Array, password: string): MacData {
  const salt = randomBytes(MAC_SALT_BYTES);
  const key = forge.pkcs12.generateKey(
    password,
    forge.util.createBuffer(salt.toString('latin1')),
    MAC_KEY_ID,
    MAC_ITERATIONS,
    MAC_KEY_BYTES,
    forge.md.sha256.create(),
  );
  const mac = createHmac('sha256', Buffer.from(key.getBytes(), 'latin1')).update(content).digest();
  return new MacData({
    mac: new DigestInfo({
      digestAlgorithm: new AlgorithmIdentifier({ algorithm: SHA_256, parameters: null }),
      digest: new OctetString(mac),
    }),
    macSalt: new OctetString(salt),
    iterations: MAC_ITERATIONS,
  });
}
