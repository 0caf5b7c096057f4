// `npm run screenshots`: the pictures of README and docs, of five real nodes with twenty real apps on this machine's Docker Engine.
// Takes a few minutes. Everything that it starts ends with it, also after Ctrl-C: processes, containers, networks, volumes, images, folders.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { atEnd, endAll, endAllOnSignals } from './processes.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
process.env.SERVER_BUNDLE ??= join(root, 'dist', 'main.js')

// Also before its imports, which take a second.
endAllOnSignals()
const context = { passed: true, teardown: atEnd, log: (words) => console.log(`screenshots: ${words}`) }
try {
  const { startCluster } = await import('../tests/screenshots/cluster.ts')
  const { takePictures } = await import('../tests/screenshots/pictures.ts')
  const bytes = await takePictures(context, await startCluster(context), join(root, 'docs', 'images'))
  console.log(`screenshots: ${(bytes / 1e6).toFixed(2)} MB in docs/images`)
} catch (error) {
  console.error(`screenshots: ${error.stack ?? error}`)
  process.exitCode = 1
} finally {
  await endAll()
}
