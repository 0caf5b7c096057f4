import { profilesName } from '../../steering-names.ts'
import type { AppContents } from '../versions/version.ts'
import { isMapping, mappingAt, type Mapping } from './draft-document.ts'
import { certain, didYouMean, isOpen, type Fault } from './fault.ts'

/** What a draft says that has no effect, and what counts instead. @param app its name, which is that of its Compose project; null while it has none */
export const unusedWords = (app: string | null, contents: Pick<AppContents, 'environment' | 'profiles'>, model: Mapping): Fault[] => [
  ...otherName(app, model['name']),
  ...unknownProfiles(contents, model),
]

function otherName(app: string | null, written: unknown): Fault[] {
  if (written === undefined || written === null || written === app) return []
  const told = isOpen(written) || typeof written !== 'string' ? 'This' : `"${written}"`
  return [certain(['name'], `${told} is not used: the Compose project of an app is named like the app${app === null ? '' : `, "${app}"`}`)]
}

/** Included and extended files have services of their own, with profiles of theirs. */
function unknownProfiles({ environment, profiles }: Pick<AppContents, 'environment' | 'profiles'>, model: Mapping): Fault[] {
  const services = Object.values(mappingAt(model, 'services'))
  const leadsElsewhere = services.some((service) => 'file' in mappingAt(service, 'extends'))
  const known = services.flatMap((service) =>
    isMapping(service) && Array.isArray(service['profiles']) ? service['profiles'].map(String) : [],
  )
  if (model['include'] !== undefined || leadsElsewhere || known.some(isOpen)) return []
  const ofVariable = environment.find(({ name }) => name === profilesName)?.value ?? ''
  const active = new Set([...profiles, ...ofVariable.split(',').map((name) => name.trim())])
  return [...active]
    .filter((name) => name !== '' && name !== '*' && !known.includes(name))
    .map((name) => certain(['services'], `no service has the active profile "${name}"${didYouMean(name, known)}`))
}
