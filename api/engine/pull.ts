import type { OperationRun } from '../apps/operation-run.ts'
import type { Operation } from '../apps/operation.ts'
import type { Operations } from '../apps/operations.ts'
import type { EngineThings, PulledLayer } from '../docker/engine-things.types.ts'
import type { RegistryLogin } from '../docker/engine.types.ts'
import { bounds } from '../bounds.ts'
import { invalidInput } from '../errors.ts'
import { parseImage } from '../image-reference.ts'

/** Pulls an image as an operation of the node: it belongs to no app, goes on after a restart, and can be cancelled. */
export function createPull(deps: {
  things: Pick<EngineThings, 'pull'>
  operations: Pick<Operations, 'enqueue'>
  loginsFor: (images: string[]) => Promise<RegistryLogin[]>
  catchUp: (kinds: ['image']) => Promise<void>
}) {
  async function work(image: string, run: OperationRun): Promise<string> {
    run.step(1, `Pulling ${image}`)
    const [login] = await deps.loginsFor([image])
    const progress = createProgress(run)
    await deps.things.pull(image, { login: login ?? null, signal: run.signal, onProgress: progress })
    return `Pulled ${image}`
  }
  const taskOf = (image: string) => ({ work: (run: OperationRun) => work(image, run), after: () => deps.catchUp(['image']) })

  return {
    /** @throws INVALID_INPUT */
    async start(given: string): Promise<Operation> {
      const image = nameOf(given)
      return deps.operations.enqueue('pull_image', null, { image }, taskOf(image))
    },
    /** What an earlier run of the program left unfinished. */
    taskOf,
  }
}

/** @throws INVALID_INPUT */
function nameOf(given: string): string {
  const image = given.trim()
  const refuse = (message: string): never => {
    throw invalidInput([{ field: 'image', message }])
  }
  if (image === '') refuse('must name an image, such as nginx:1.27')
  if (image.length > bounds.container.image) refuse(`has ${image.length} characters. The maximum is ${bounds.container.image}`)
  if (parseImage(image) === null) refuse('is not the name of an image. A name looks like nginx:1.27 or registry.example.com/shop/web:2')
  // Without a tag, Docker would pull every tag that there is.
  return /[:@][^/]*$/.test(image.slice(image.lastIndexOf('/'))) ? image : `${image}:latest`
}

const isDone = (status: string): boolean => /^(Pull complete|Already exists)/.test(status)

/** Layers are downloaded side by side, and unpacked one after another. */
function createProgress(run: OperationRun): (layer: PulledLayer) => void {
  const layers = new Map<string, number>()
  const said = new Map<string, string>()
  return ({ id, status, current, total }) => {
    const isLayer = current !== null || isDone(status) || status === 'Pulling fs layer' || status === 'Waiting'
    if (id !== '' && isLayer)
      layers.set(id, isDone(status) ? 1 : status === 'Downloading' && total ? (0.8 * (current ?? 0)) / total : (layers.get(id) ?? 0))
    if (said.get(id) !== status) {
      said.set(id, status)
      run.line(id === '' ? status : `${id}: ${status}`)
    }
    if (layers.size === 0) return
    const share = [...layers.values()].reduce((sum, part) => sum + part, 0) / layers.size
    run.step(
      Math.min(99, 1 + Math.floor(98 * share)),
      `Pulling: ${[...layers.values()].filter((part) => part === 1).length} of ${layers.size} layers`,
    )
  }
}
