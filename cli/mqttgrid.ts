#!/usr/bin/env node
/** The entry: everything else is loaded once it is sure that this Node can load it. */

/** The first release that runs TypeScript without a flag. */
const NODE_MAJOR_MIN = 22;
const NODE_MINOR_MIN = 18;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < NODE_MAJOR_MIN || (major === NODE_MAJOR_MIN && minor < NODE_MINOR_MIN)) {
  process.stderr.write(
    `mqttgrid needs Node ${NODE_MAJOR_MIN}.${NODE_MINOR_MIN} or later and this is ` +
      `${process.versions.node}: install one, or run the repository's "npm run mqttgrid --", ` +
      'which brings its own\n',
  );
  process.exitCode = 2;
} else {
  const { run } = await import('./program.ts');
  await run(process.argv);
}

export {};
