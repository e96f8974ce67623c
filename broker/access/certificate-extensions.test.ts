import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import forge from 'node-forge';
import { issueCertificateAuthority, issueClientCertificate } from '../../certificates/issue.ts';
import type { CertificateExtensions } from './certificate-extensions.ts';
import { parseExtensions } from './certificate-extensions.ts';

const { asn1 } = forge;
const { Class, Type } = asn1;

/** What is understood, beside some that are not: name constraints, policies, private ones. */
const IDENTIFIERS = [
  '2.5.29.15',
  '2.5.29.17',
  '2.5.29.37',
  '2.5.29.30',
  '2.5.29.32',
  '0.9.2342',
  '2.999.3',
  '1.3.6.1.4.1.311.21.7',
];
const UNDERSTOOD = new Set(['2.5.29.19', '2.5.29.15', '2.5.29.37', '2.5.29.17']);

interface Extension {
  readonly identifier: string;
  readonly critical: boolean | undefined;
  readonly value: string;
}

function primitive(type: number, value: string): forge.asn1.Asn1 {
  return asn1.create(Class.UNIVERSAL, type, false, value);
}

function sequence(...parts: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, parts);
}

function boolean(value: boolean): forge.asn1.Asn1 {
  return primitive(Type.BOOLEAN, value ? '\xff' : '\0');
}

function basicConstraints(pathLength: number | undefined): string {
  const length = pathLength === undefined ? [] : [integer(pathLength)];
  return asn1.toDer(sequence(boolean(true), ...length)).getBytes();
}

function integer(value: number): forge.asn1.Asn1 {
  return primitive(Type.INTEGER, asn1.integerToDer(value).getBytes());
}

/** Of a certificate, as much as holds extensions. */
function certificateWith(extensions: readonly Extension[] | undefined): Buffer {
  const list = extensions?.map(({ identifier, critical, value }) =>
    sequence(
      primitive(Type.OID, asn1.oidToDer(identifier).getBytes()),
      ...(critical === undefined ? [] : [boolean(critical)]),
      primitive(Type.OCTETSTRING, value),
    ),
  );
  const version = asn1.create(Class.CONTEXT_SPECIFIC, 0, true, [integer(2)]);
  const tagged = list && asn1.create(Class.CONTEXT_SPECIFIC, 3, true, [sequence(...list)]);
  const content = sequence(version, integer(1), sequence(), ...(tagged ? [tagged] : []));
  const signature = primitive(Type.BITSTRING, '\0signature');
  return Buffer.from(asn1.toDer(sequence(content, sequence(), signature)).getBytes(), 'latin1');
}

const extensions = fc.record({
  identifier: fc.constantFrom(...IDENTIFIERS),
  critical: fc.constantFrom(undefined, false, true),
  value: fc.string({ unit: 'binary-ascii', maxLength: 300 }),
});
const pathLengths = fc.constantFrom(undefined, 0, 1, 127, 128, 255, 256, 65536);
const constraints = fc.tuple(fc.boolean(), pathLengths);

test('what node-forge writes as extensions is read with the same content', () => {
  fc.assert(
    fc.property(
      fc.array(extensions, { maxLength: 6 }),
      fc.option(constraints),
      fc.nat(6),
      (others, constraint, at) => {
        const list: Extension[] = [...others];
        if (constraint !== null) {
          const [critical, pathLength] = constraint;
          const value = basicConstraints(pathLength);
          list.splice(at, 0, { identifier: '2.5.29.19', critical, value });
        }
        const unknown = list.find((each) => each.critical && !UNDERSTOOD.has(each.identifier));
        assert.deepEqual(parseExtensions(certificateWith(list)), {
          pathLength: constraint?.[1] ?? Infinity,
          unknownCritical: unknown?.identifier,
        });
      },
    ),
  );
});

test('a certificate without extensions has none that is not understood', () => {
  const none = { pathLength: Infinity, unknownCritical: undefined };
  assert.deepEqual(parseExtensions(certificateWith(undefined)), none);
});

function children(node: forge.asn1.Asn1): forge.asn1.Asn1[] {
  assert(Array.isArray(node.value));
  return node.value;
}

/** As node-forge reads it. It reads all of it, and fails where anything else is damaged, too. */
function readByForge(der: Buffer): CertificateExtensions {
  const whole = asn1.fromDer(forge.util.createBuffer(der.toString('binary')));
  const tagged = children(children(whole)[0]!).find(
    ({ tagClass, type }) => tagClass === Class.CONTEXT_SPECIFIC && (type as number) === 3,
  );
  const list = tagged === undefined ? [] : children(children(tagged)[0]!).map(children);
  const identified = list.map((parts) => ({
    identifier: asn1.derToOid(parts[0]!.value as string),
    critical: parts.length === 3 && (parts[1]!.value as string) !== '\0',
    value: parts.at(-1)!.value as string,
  }));
  const unknown = identified.find((each) => each.critical && !UNDERSTOOD.has(each.identifier));
  const constraints = identified.find(({ identifier }) => identifier === '2.5.29.19');
  return {
    pathLength: constraints === undefined ? Infinity : pathLengthByForge(constraints.value),
    unknownCritical: unknown?.identifier,
  };
}

function pathLengthByForge(value: string): number {
  const found = children(asn1.fromDer(value)).find(({ type }) => type === Type.INTEGER);
  if (found === undefined) return Infinity;
  const bytes = Buffer.from(found.value as string, 'latin1');
  return bytes.readUIntBE(0, bytes.length);
}

const nowMs = Date.UTC(2026, 5, 1);
const root = await issueCertificateAuthority({ nowMs, commonName: 'root', pathLength: 3 });
const leaf = await issueClientCertificate({ nowMs, issuer: root, subject: { commonName: 'leaf' } });
const samples = [root, leaf].map(({ certificatePem }) => new X509Certificate(certificatePem).raw);

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

test('what OpenSSL takes of a damaged certificate is read as by node-forge, or refused', () => {
  const outcomes = { same: 0, refused: 0 };
  const bytes = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  const changes = fc.array(bytes, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.constantFrom(...samples), changes, (sample, replaced) => {
      const damaged = Buffer.from(sample);
      for (const [at, byte] of replaced) damaged[at % damaged.length] = byte;
      const der = attempt(() => new X509Certificate(damaged).raw);
      if (der === undefined) return;
      const found = parseExtensions(der);
      const expected = attempt(() => readByForge(der));
      if (found.unknownCritical === 'unreadable DER') outcomes.refused++;
      else if (expected !== undefined) {
        assert.deepEqual(found, expected);
        outcomes.same++;
      }
    }),
    { numRuns: 5000 },
  );
  assert(outcomes.same > 500 && outcomes.refused > 5, JSON.stringify(outcomes));
});

test('what ends early, or goes on, is not read', () => {
  for (const sample of samples) {
    for (let length = 0; length < sample.length; length++) {
      const { unknownCritical } = parseExtensions(sample.subarray(0, length));
      assert.equal(unknownCritical, 'unreadable DER', `${length} bytes`);
    }
    const longer = parseExtensions(Buffer.concat([sample, Buffer.alloc(1)]));
    assert.equal(longer.unknownCritical, 'unreadable DER');
  }
});
