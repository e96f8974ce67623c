/** Why a request got no answer, for the person who must mend it. */

/** Of a text that the receiver chose and that people are shown. */
const SHOWN_CHARACTERS_MAX = 200;

const ASK = 'check the url, and that the receiver runs';
const AUTHORITY =
  'put the certificate of the authority that issued it into ca.crt of the Secret in caSecretName';

/** By the codes of Node, of OpenSSL's verification, and of its handshake. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', `nobody listens there; ${ASK}`],
  ['ENOTFOUND', 'DNS does not know the host; check the url'],
  ['EAI_AGAIN', 'DNS did not answer for the host; check the DNS that this machine or pod uses'],
  ['ECONNRESET', 'the connection was closed before there was an answer'],
  ['ECONNABORTED', 'the connection was closed before there was an answer'],
  ['EPIPE', 'the connection was closed while the events were sent'],
  ['ETIMEDOUT', `nobody answers there; ${ASK}`],
  ['EHOSTUNREACH', 'there is no route to the host; check routes and network policies'],
  ['ENETUNREACH', 'there is no route to the network; check routes and network policies'],
  ['EACCES', 'the system forbids to connect there; check firewall and network policies'],
  ['EPERM', 'the system forbids to connect there; check firewall and network policies'],
  ['EMFILE', 'this process has too many open files; raise its limit'],
  ['HPE_HEADER_OVERFLOW', 'the headers of the answer are over 16 KiB'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'the answer is not proper HTTP'],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'its certificate is self-signed; put it into ca.crt of the Secret in caSecretName',
  ],
  ['SELF_SIGNED_CERT_IN_CHAIN', `its certificate is of an unknown authority; ${AUTHORITY}`],
  ['UNABLE_TO_GET_ISSUER_CERT', `its certificate is of an unknown authority; ${AUTHORITY}`],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', `its certificate is of an unknown authority; ${AUTHORITY}`],
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'its certificate is of an unknown authority, or it does not send the intermediate ' +
      `certificates; ${AUTHORITY}`,
  ],
  ['CERT_SIGNATURE_FAILURE', `its certificate was not signed by that authority; ${AUTHORITY}`],
  ['CERT_HAS_EXPIRED', 'its certificate has expired; renew it, or check the clocks'],
  ['CERT_NOT_YET_VALID', 'its certificate is not valid yet; check the clocks'],
  ['INVALID_PURPOSE', 'its certificate is not for a server; issue one with serverAuth'],
  ['EPROTO', 'it does not speak TLS as this side does; check that the url should be https'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS; check that the url should be https'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'it does not speak TLS; check that the url should be https'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'it speaks no TLS that is allowed here: TLS 1.2 or newer'],
  [
    'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    'it speaks no TLS that is allowed here: TLS 1.2 or newer',
  ],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'it wants a client certificate: there is none'],
]);

/** Without the error's own message: nobody knows what it quotes. */
export function faultInWords(error: Error): string {
  if (error instanceof RequestFault) return error.message;
  const code = codeOf(error);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return wrongHost(error);
  const words = WORDS.get(code);
  if (words !== undefined) return words;
  if (code.startsWith('HPE_')) return 'the answer is not HTTP; check the url, its port above all';
  return `failed with ${code}`;
}

/** One that this side found, in words for people. */
export class RequestFault extends Error {
  readonly fault: 'Unreachable' | 'Refused';
  readonly retryAfterMs: number | undefined;

  constructor(message: string, fault: RequestFault['fault'], retryAfterMs?: number) {
    super(message);
    this.fault = fault;
    this.retryAfterMs = retryAfterMs;
  }
}

function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  // Of some alerts Node has OpenSSL's words alone.
  if (code === 'EPROTO' && /protocol version|unsupported protocol/.test(error.message)) {
    return 'ERR_SSL_UNSUPPORTED_PROTOCOL';
  }
  return typeof code === 'string' ? code : error.name;
}

function wrongHost(error: Error): string {
  const { cert } = error as { cert?: { subjectaltname?: string } };
  const names = (cert?.subjectaltname ?? 'no name at all').slice(0, SHOWN_CHARACTERS_MAX);
  return `its certificate is for ${names}; use a url with such a host, or issue one for this host`;
}
