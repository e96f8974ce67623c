import { ENCODED_CERTIFICATE_BYTES_MAX } from './limits.ts';
import { failure, success, type Result } from './result.ts';
import { quote, utf8Length } from './text.ts';

export interface PemFault {
  readonly message: string;
  readonly remedy: string;
}

const LABEL = 'CERTIFICATE';
const END = `-----END ${LABEL}-----`;
/** Labels are short; the bound keeps the search linear. */
const BEGIN = /-----BEGIN ([^-]{0,64})-----/g;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const PASTE_ONE =
  'state exactly one certificate, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----';

/**
 * The DER, in base64 without line breaks, of the one certificate in a PEM text. Line breaks may be
 * normal (LF or CRLF), missing in the body or missing everywhere: people strip them to fit JSON.
 * Text around the certificate is ignored, as RFC 7468, section 2, recommends.
 * No message ever repeats the text: it may hold a private key.
 */
export function decodePem(text: string): Result<string, PemFault> {
  const bytes = utf8Length(text);
  if (bytes > ENCODED_CERTIFICATE_BYTES_MAX) {
    return failure({
      message: `has ${bytes} bytes: a certificate has at most ${ENCODED_CERTIFICATE_BYTES_MAX}`,
      remedy: PASTE_ONE,
    });
  }
  if (text.trim() === '') return failure({ message: 'is empty', remedy: PASTE_ONE });
  const begins = [...text.matchAll(BEGIN)];
  const fault = labelFault(begins.map((begin) => begin[1] ?? ''));
  if (fault !== undefined) return failure(fault);
  const bodyStart = begins.reduce((_, begin) => begin.index + begin[0].length, 0);
  return decodeBody(text, bodyStart);
}

function labelFault(labels: readonly string[]): PemFault | undefined {
  if (labels.some((label) => label.includes('PRIVATE KEY'))) {
    return {
      message: 'contains a private key, which no manifest may hold',
      remedy: 'state the certificate alone, and replace that key: it has been disclosed',
    };
  }
  const [label] = labels;
  if (label === undefined) {
    return { message: 'is not PEM: it has no -----BEGIN CERTIFICATE-----', remedy: PASTE_ONE };
  }
  if (labels.length > 1) {
    return {
      message: `holds ${labels.length} PEM blocks: one object registers one certificate`,
      remedy: 'declare a CaCertificate for each certificate that clients are issued under',
    };
  }
  if (label !== LABEL) {
    return {
      message: `is a PEM block of ${quote(label)}, not of "CERTIFICATE"`,
      remedy: PASTE_ONE,
    };
  }
  return undefined;
}

function decodeBody(text: string, start: number): Result<string, PemFault> {
  const end = text.indexOf(END, start);
  if (end < 0) {
    return failure({ message: `is cut off: it has no ${END}`, remedy: PASTE_ONE });
  }
  const body = text.slice(start, end).replace(/\s+/g, '');
  if (body.includes('\\n')) {
    return failure({
      message: 'has line breaks written as a backslash and an n',
      remedy: 'write the certificate as a YAML block (|), or in double quotes',
    });
  }
  if (!BASE64.test(body) || body.length % 4 !== 0) {
    return failure({
      message: 'has a body that is not base64',
      remedy: 'copy the certificate anew: characters are missing or do not belong there',
    });
  }
  return success(body);
}
