import { createHash } from 'node:crypto'

/** Files that take a minute or more on a busy machine. None of them starts in the last half of a run, or it would end it alone. */
const long = new Set([
  'browser/app-editing',
  'browser/outages',
  'browser/pages',
  'cluster/detection',
  'docker/compose-failure-words',
  'docker/corpus',
  'docs/commands',
  'install/image',
])

/** From 0 to 1, the same in every run and every checkout. */
function placeOf(file) {
  const name = file
    .replaceAll('\\', '/')
    .replace(/^.*\/tests\//, '')
    .replace(/\.test\.ts$/, '')
  const place = createHash('sha1').update(name).digest().readUInt32BE() / 2 ** 32
  return long.has(name) ? place / 2 : place
}

export default {
  files: ['tests/**/*.test.ts'],
  extensions: ['ts'],
  // Files of one folder want the same: three browsers at once, or three clusters that wait. A mixed order keeps every core busy.
  sortTestFiles: (one, other) => placeOf(one) - placeOf(other),
  // More than cores, because many tests wait most of their time.
  concurrency: 4,
  timeout: '4m',
  workerThreads: false,
  require: ['./tests/helpers/ends-by-itself.ts'],
}
