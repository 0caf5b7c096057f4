import Docker from 'dockerode'
import { ensureTestImage, testImage } from '../helpers/docker.ts'
import type { TestContext } from '../helpers/test-context.ts'

/** What a container of this image does. */
export interface Behavior {
  /** Serves a page on this port. */
  port?: number
  /** Printed at the start. */
  boot?: string[]
  /** Printed again and again, a line every few seconds. */
  busy?: string[]
  /** Ends right after its first lines with this exit code. */
  exits?: number
}

/** Serves, says what it has to say and ends at once when asked to. The arguments: port, exit code, first lines, `--`, further lines. */
const script = `trap "exit 0" TERM INT
port=$1; code=$2; shift 2
[ "$port" = 0 ] || httpd -p $port -h /www
while [ "$1" != -- ]; do echo "$1"; shift; done; shift
[ "$code" = - ] || exit $code
while :; do
  for line in "$@"; do echo "$line"; sleep 3 & wait $!; done
  [ $# -gt 0 ] || { sleep 60 & wait $!; }
done`

/**
 * Gives the test image these names, each with what it does. Nothing is pulled. The names go away at the end.
 *
 * @throws if this machine already has an image with one of the names
 */
export async function makeImages(t: Pick<TestContext, 'teardown'>, images: Record<string, Behavior>, docker = new Docker()): Promise<void> {
  await ensureTestImage(docker)
  const given = new Set((await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []))
  const taken = Object.keys(images).filter((name) => given.has(name))
  if (taken.length > 0) throw new Error(`This machine has images that the pictures would need to replace: ${taken.join(', ')}`)
  for (const [name, { port = 0, boot = [], busy = [], exits }] of Object.entries(images)) {
    const command = ['sh', '-c', script, 'app', String(port), exits === undefined ? '-' : String(exits), ...boot, '--', ...busy]
    const container = await docker.createContainer({ Image: testImage, Cmd: command })
    const at = name.lastIndexOf(':')
    t.teardown(() => docker.getImage(name).remove({ force: true }))
    await container.commit({ repo: name.slice(0, at), tag: name.slice(at + 1) })
    await container.remove({ force: true })
  }
}
