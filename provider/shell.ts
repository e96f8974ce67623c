/**
 * What a stack's state keeps of this provider, beside each resource: the program of it that Pulumi
 * runs to preview, refresh, change and destroy, for as long as the resource lives. So it only says
 * where the installed package is, and `mqttgrid/runtime` must stay its name. It is written by hand,
 * since what Pulumi's serializer makes of functions has four times the length, and changes with its
 * version and with the compiler's: each time an update of every resource, of nothing.
 */
export const SHELL = `exports.handler = () => {
  const folder = process.cwd();
  try {
    return require('node:module').createRequire(folder + '/')('mqttgrid/runtime');
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    const missing = new Error(
      'the package mqttgrid is not installed in ' + folder + ', and nothing else can read, ' +
        'change or delete what it made: npm install mqttgrid',
    );
    missing.stack = '';
    throw missing;
  }
};
`;
