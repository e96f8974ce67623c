/** Where destinations read what they authenticate with, whenever they connect. */
export interface Secrets {
  /** Undefined: there is no such Secret, or it has no such key. */
  read(secret: string, key: string): Buffer | undefined;
}

/** As it travels to the thread that delivers. */
export type SecretsSource =
  /** `FOLDER/SECRET/KEY`, as Kubernetes mounts a Secret. */
  | { readonly type: 'Folder'; readonly path: string }
  /** One file of JSON, `{ SECRET: { KEY: base64 } }`: all of them change at once. */
  | { readonly type: 'File'; readonly path: string };

/**
 * A value that is text: a token, a password. One line break at its end is not part of it, since
 * that is what `echo` and editors leave behind.
 */
export function secretText(value: Buffer): string {
  return value.toString('utf8').replace(/\r?\n$/, '');
}
