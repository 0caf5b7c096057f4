import type { VolumeDriver } from '../../../docker/engine.types.ts'
import { pathClaim, valueClaim, type ModelPart } from './model-part.ts'
import { fieldsOf, textOf, type Fields } from './model-values.ts'
import type { Claim } from './policy-finding.ts'

/** Volumes that exist on the Engine, by name. */
export type ExistingVolumes = ReadonlyMap<string, VolumeDriver>

interface Use {
  /** The volume's key in the file. */
  key: string
  isReadOnly: boolean
  path: Claim['path']
}

/** What stands behind a named volume: nothing of the host, a folder of it, or whatever a driver brings. */
export function volumeClaims(part: ModelPart, { key, isReadOnly, path }: Use): Claim[] {
  const declared = fieldsOf(fieldsOf(part.root['volumes'])[key])
  const found = existingVolume(part, key, declared)
  if (found) return driverClaims(part.name, found, { path, isReadOnly })
  const driver = { driver: textOf(declared['driver']), options: fieldsOf(declared['driver_opts']) }
  return driverClaims(part.name, driver, { path: ['volumes', key, 'driver_opts'], isReadOnly })
}

/** Docker uses a volume that exists, whatever the file says about its driver. */
function existingVolume({ root, existing }: ModelPart, key: string, declared: Fields) {
  const external = fieldsOf(declared['external'])
  const names = [textOf(declared['name']), textOf(external['name']), `${textOf(root['name'])}_${key}`, key]
  return existing.get(names.find((name) => name !== '') ?? key)
}

/** Mounts `driver` as Docker's own driver `local` would, with the options of mount(8). */
export function driverClaims(
  service: string,
  { driver, options }: { driver: string; options: Fields },
  { path, isReadOnly }: { path: Claim['path']; isReadOnly: boolean },
): Claim[] {
  if (!['', 'local', 'default'].includes(driver)) return [valueClaim(service, 'volume-driver', driver, path, driver)]
  const [type, device] = [textOf(options['type']).toLowerCase(), textOf(options['device'])]
  const flags = textOf(options['o'])
    .split(',')
    .map((flag) => flag.trim())
  if (flags.includes('bind') || flags.includes('rbind')) {
    // A bind mount of Docker's driver ignores `ro`.
    return [pathClaim(service, 'bind-mount', device.startsWith('/') ? device : `/${device}`, path, { isReadOnly, written: [device] })]
  }
  if (type === '' && device === '') return []
  if (type === 'tmpfs' || type === 'ramfs') return []
  // Of the options only the server, because others can be passwords.
  const server = flags.find((flag) => flag.startsWith('addr='))
  return [valueClaim(service, 'volume-driver', [type, device, server].filter(Boolean).join(' '), path, device)]
}
