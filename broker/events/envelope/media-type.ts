export interface MediaType {
  /** `type/subtype`, in lower case. */
  readonly name: string;
  /** In lower case. */
  readonly charset: string | undefined;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const NAME = new RegExp(`^(${TOKEN}/${TOKEN})[ \\t]*`);
const PARAMETER = new RegExp(
  `;[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)")[ \\t]*)?`,
  'y',
);

/** Reads a content type as RFC 2045, section 5.1 writes it; undefined: it is none. */
export function readMediaType(text: string): MediaType | undefined {
  const head = NAME.exec(text);
  if (head === null) return undefined;
  const parameters = readParameters(text, head[0].length);
  return parameters && { name: head[1]!.toLowerCase(), charset: parameters.get('charset') };
}

/** Of parameters of one name the first counts. */
function readParameters(text: string, start: number): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  for (let at = start; at < text.length; at = PARAMETER.lastIndex) {
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(text);
    if (match === null) return undefined;
    const name = match[1]?.toLowerCase() ?? '';
    if (!parameters.has(name)) parameters.set(name, (match[2] ?? match[3] ?? '').toLowerCase());
  }
  return parameters;
}

/** CloudEvents JSON format 1.0, 3.1.1: the subtype is `json`, or ends with `+json`. */
export function isJson(type: MediaType | undefined): boolean {
  return type !== undefined && /(?:\/|\+)json$/.test(type.name);
}

const UTF8_CHARSETS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii']);

/** JSON is UTF-8 unless somebody says something else (RFC 8259, 8.1); ASCII is UTF-8. */
export function isUtf8Charset({ charset }: MediaType): boolean {
  return charset === undefined || UTF8_CHARSETS.has(charset);
}
