import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from '../../errors.ts'
import { answersById } from '../transport/answers-by-id.ts'
import { loadIdentity } from './identity.ts'

/**
 * Tells a port that this very node has, because someone started it twice, from one that another program has.
 *
 * @throws StartError if the node already runs, else the given error
 */
export async function explainTakenPort(
  { dataDir, listen, node }: { dataDir: string; listen: { host: string | undefined; port: number }; node: { id: string | undefined } },
  error: unknown,
): Promise<never> {
  const isKnown = node.id !== undefined || existsSync(join(dataDir, 'identity.json'))
  const name = !listen.host || listen.host === '0.0.0.0' || listen.host === '::' ? '127.0.0.1' : listen.host
  const url = `http://${name.includes(':') ? `[${name}]` : name}:${listen.port}`
  if (!isKnown || !(await answersById(url, loadIdentity({ dataDir, id: node.id }).id))) throw error
  throw new StartError(`This node already runs, at port ${listen.port}. Nothing was changed`)
}
