import { setImmediate } from 'node:timers/promises'
import { Ajv, type ValidateFunction } from 'ajv'
import schema from './compose-spec/compose-spec.json' with { type: 'json' }
import { isMapping, mappingAt, type DraftDocument, type Mapping, type Path } from './draft-document.ts'
import { doubtful, type Fault } from './fault.ts'
import { faultsOf, unknownKey } from './schema-words.ts'

/** The definition in the schema for each entry of a top-level key. */
const definitions: Record<string, string> = {
  services: 'service',
  networks: 'network',
  volumes: 'volume',
  configs: 'config',
  secrets: 'secret',
  models: 'model',
}
const topLevel = Object.keys(schema.properties)

/** Other work gets a turn after this time. */
const turnMs = 10

/** Compiled when first needed, which takes about 100 ms, and kept, as a regular expression would be. */
const compiled = new Map<string, ValidateFunction>()
let ajv: Ajv | undefined

function validatorOf(definition: string): ValidateFunction {
  // Verbose errors carry the value and the part of the schema, from which the words are made.
  ajv ??= new Ajv({ allErrors: true, verbose: true, strict: false, logger: false }).addSchema(usable(schema) as object, 'compose')
  const known = compiled.get(definition) ?? ajv.compile({ $ref: `compose#/definitions/${definition}` })
  compiled.set(definition, known)
  return known
}

function faultsOfPart(definition: string, path: Path, value: unknown): Fault[] {
  const validate = validatorOf(definition)
  return validate(value) ? [] : faultsOf(validate.errors ?? [], path, value)
}

/**
 * Compares a draft with the schema of the Compose Specification. Compose has the last word: it can be older or newer than the schema.
 *
 * @param most stops when there are so many
 */
export async function schemaFaults({ model }: DraftDocument, most: number): Promise<Fault[]> {
  const faults = Object.keys(model)
    .filter((key) => !topLevel.includes(key) && !key.startsWith('x-'))
    .map((key) => doubtful([key], unknownKey(key, [], topLevel)))
  let turn = performance.now()
  for (const [definition, path, value] of partsOf(model)) {
    if (faults.length >= most) break
    if (performance.now() - turn > turnMs) {
      await setImmediate()
      turn = performance.now()
    }
    faults.push(...faultsOfPart(definition, path, value))
  }
  return faults
}

function* partsOf(model: Mapping): Iterable<[definition: string, path: Path, value: unknown]> {
  for (const [section, definition] of Object.entries(definitions)) {
    for (const [name, value] of Object.entries(mappingAt(model, section))) {
      // Without options, a volume or a network is complete.
      if (!name.startsWith('x-') && (value !== null || definition === 'service')) yield [definition, [section, name], value]
    }
  }
}

/**
 * The schema without `$schema`, whose address the validator does not know, and without `uniqueItems`: comparing every entry of a list
 * with every other takes minutes for a list built to be long. Compose itself reports repeated entries.
 */
function usable(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(usable)
  if (!isMapping(part)) return part
  const kept = Object.entries(part).filter(([key]) => key !== '$schema' && key !== '$id' && key !== 'uniqueItems')
  return Object.fromEntries(kept.map(([key, value]) => [key, usable(value)]))
}
