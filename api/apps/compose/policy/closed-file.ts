import { isScalar } from 'yaml'
import { parseYaml } from '../../yaml-document.ts'
import schema from '../compose-spec/compose-spec.json' with { type: 'json' }
import { allPairs, pairsNamed, textOfScalar, type FoundPair } from './yaml-pairs.ts'

/** These make Compose read other files, or look at what is on the disk. */
const readingMore = new Set('include models build develop env_file label_file extends provider use_api_socket credential_spec'.split(' '))
const known = (names: string[]): Set<string> => new Set(names.filter((name) => !readingMore.has(name)))
const topLevel = known(Object.keys(schema.properties))
const ofService = known(Object.keys(schema.definitions.service.properties))

/**
 * Whether a Compose file alone decides what Compose makes of it, with the variables of its process. A word that is not known may make
 * a newer Compose read more, so it counts as if it did.
 */
export function isClosedFile(text: string): boolean {
  const yaml = parseYaml(text)
  if (yaml.problems.length > 0) return false
  const services = pairsNamed(yaml, yaml.root, 'services').flatMap(({ value }) => allPairs(yaml, value))
  return areKnown(allPairs(yaml, yaml.root), topLevel) && services.every(({ value }) => areKnown(allPairs(yaml, value), ofService))
}

const areKnown = (pairs: FoundPair[], names: Set<string>): boolean =>
  pairs.every(({ key }) => {
    const name = isScalar(key) ? textOfScalar(key) : ''
    return names.has(name) || name.startsWith('x-')
  })
