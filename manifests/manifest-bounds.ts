/** What one folder of manifests may hold. Ours: a folder written by hand or by a tool fits well. */

/** `*.yaml`, `*.yml` and `*.json` files in the folder. */
export const MANIFEST_FILES_MAX = 20_000;

/** Bytes of one file: 10,000 clients with attributes in one file take about 4 MB. */
export const MANIFEST_FILE_BYTES_MAX = 16 * 1024 * 1024;

/** Bytes of all files together. */
export const MANIFEST_FOLDER_BYTES_MAX = 128 * 1024 * 1024;

/** Objects of all files together: ten MqttNamespaces with 10,000 clients each, and the rest. */
export const MANIFEST_OBJECTS_MAX = 120_000;

/** Aliases (`*anchor`) resolved in one document, counted with what they multiply. */
export const YAML_ALIASES_MAX = 100;

/** Violations told of one file that cannot be read as objects at all. */
export const VIOLATIONS_PER_FILE_MAX = 100;
