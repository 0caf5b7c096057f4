import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import Docker from 'dockerode'
import { tar } from './tar.ts'

export const testImage = 'selfhostly-test/web:1'

/** The default command. A shell wraps the server, because process 1 ignores TERM and would take 10 s to stop. */
const serveScript = `#!/bin/sh
trap 'exit 0' TERM INT
httpd -f -p 80 -h /www &
wait $!
`

const indexPage = '<!doctype html><title>Welcome</title><h1>Welcome to nginx-like web</h1>\n'

const applets =
  'cat cp date dd echo env false grep head httpd id kill ls mkdir mv nc ps rm sed seq sh sleep stty tail tee test touch true tty vi wget yes'

/**
 * Makes sure that the Engine has the image `selfhostly-test/web:1`: Debian's static busybox serving one page on port 80, with a shell.
 * Its bytes, and so its id, never vary: test processes that load it at the same time load the same image.
 * A container with another command as process 1 (say `sleep`) ignores TERM. Give it `init: true` so that it stops at once.
 */
export async function ensureTestImage(docker = new Docker()): Promise<string> {
  const layer = tar([
    ...['bin/', 'etc/', 'tmp/', 'www/'].map((path) => ({ path, mode: path === 'tmp/' ? 0o1777 : 0o755 })),
    { path: 'bin/busybox', content: await readFile('/bin/busybox') },
    ...applets.split(' ').map((name) => ({ path: `bin/${name}`, linkTo: 'busybox' })),
    { path: 'bin/serve', content: serveScript },
    { path: 'etc/passwd', content: 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n', mode: 0o644 },
    { path: 'etc/group', content: 'root:x:0:\nnobody:x:65534:\n', mode: 0o644 },
    { path: 'www/index.html', content: indexPage, mode: 0o644 },
  ])
  const config = imageConfig(layer)
  const id = `sha256:${createHash('sha256').update(config).digest('hex')}`
  const present = await docker
    .getImage(testImage)
    .inspect()
    .catch(() => null)
  if (present?.Id === id) return testImage

  const archive = tar([
    { path: 'manifest.json', content: JSON.stringify([{ Config: 'config.json', RepoTags: [testImage], Layers: ['layer.tar'] }]) },
    { path: 'config.json', content: config },
    { path: 'layer.tar', content: layer },
  ])
  const answer = await text(Readable.from(await docker.loadImage(Readable.from([archive]), { quiet: true })))
  if (!answer.includes('Loaded image')) throw new Error(`Docker did not load the test image: ${answer}`)
  return testImage
}

/** The image config, as shown by `docker image inspect`. Its hash is the image id. Source: https://github.com/moby/docker-image-spec */
function imageConfig(layer: Buffer): string {
  return JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: { Cmd: ['/bin/serve'], Env: ['PATH=/bin'], ExposedPorts: { '80/tcp': {} }, WorkingDir: '/' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] },
    history: [{ created: '2026-01-01T00:00:00Z', created_by: 'tests/helpers/docker-image.ts' }],
  })
}
