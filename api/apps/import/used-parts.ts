import type { ContainerSetup } from '../../docker/engine.types.ts'
import { isMapping, mappingAt, readDocument } from '../compose/draft-document.ts'
import { variablesOf } from '../environment/variables.ts'
import type { EnvironmentInput } from '../versions/version.ts'
import { parseYaml } from '../yaml-document.ts'

/** The variables of a file that the containers have values for and nobody gave one. Any of them can be a secret, so all of them are. */
export function usedSecrets(content: string, values: ReadonlyMap<string, string>, given: readonly EnvironmentInput[]): EnvironmentInput[] {
  const isGiven = new Set(given.map(({ name }) => name))
  return variablesOf(content, { isSet: () => false }).flatMap(({ name }) => {
    const value = isGiven.has(name) ? undefined : values.get(name)
    return value === undefined ? [] : { name, value, secret: true }
  })
}

/** A profile of each service that has a container, so that it stays a part of the app. */
export function usedProfiles(content: string, setups: readonly ContainerSetup[]): string[] {
  const yaml = parseYaml(content)
  if (yaml.problems.length > 0) return []
  const services = mappingAt(readDocument(yaml).model, 'services')
  const used = setups.flatMap(({ service }) => {
    const options = services[service]
    const profiles = isMapping(options) && Array.isArray(options['profiles']) ? options['profiles'] : []
    return typeof profiles[0] === 'string' ? profiles[0] : []
  })
  return [...new Set(used)]
}
