import { pathClaim, serviceNamed, valueClaim, type ModelPart } from './model-part.ts'
import { fieldsOf, isFields, isTrue, listOf, pairsOf, textOf } from './model-values.ts'
import type { Claim } from './policy-finding.ts'
import { volumeClaims } from './volume-claims.ts'

/** Files and folders that a service gets from the host. */
export const mountClaims = (part: ModelPart): Claim[] => [
  ...ownMounts(part),
  ...mountsOfOthers(part),
  ...sharedFiles(part, 'secrets'),
  ...sharedFiles(part, 'configs'),
  ...otherFiles(part),
]

function ownMounts(part: ModelPart): Claim[] {
  const { name, service } = part
  const socket = isTrue(service['use_api_socket'])
    ? [valueClaim(name, 'docker-socket', 'use_api_socket', ['services', name, 'use_api_socket'])]
    : []
  return [
    ...listOf(service['volumes']).flatMap((volume, index) => mountClaimsOf(part, volume, ['services', name, 'volumes', index])),
    ...socket,
  ]
}

interface Mount {
  type: string
  source: string
  target: string
  isReadOnly: boolean
}

function mountClaimsOf(part: ModelPart, volume: unknown, path: Claim['path']): Claim[] {
  const { type, source, target, isReadOnly } = isFields(volume) ? longMount(volume) : shortMount(textOf(volume))
  if (type === 'tmpfs' || type === 'image') return []
  if (type === 'bind') return [pathClaim(part.name, 'bind-mount', source, path, { isReadOnly, written: [`:${target}`, target] })]
  if (type === 'npipe') return [valueClaim(part.name, 'bind-mount', source, path)]
  if (type !== 'volume') return [valueClaim(part.name, 'volume-driver', `${type} ${source}`, path, source)]
  return source === '' ? [] : volumeClaims(part, { key: source, isReadOnly, path })
}

function longMount(volume: Record<string, unknown>): Mount {
  const source = textOf(volume['source']) || textOf(volume['src'])
  const type = textOf(volume['type']) || (isHostPath(source) ? 'bind' : 'volume')
  // A volume whose name is a path would be a bind mount to Docker.
  return {
    type: type === 'volume' && isHostPath(source) ? 'bind' : type,
    source,
    target: textOf(volume['target']),
    isReadOnly: isTrue(volume['read_only']),
  }
}

/** `SOURCE:TARGET:MODE`; without a source it is a new volume. Only Compose 1 prints this form. */
function shortMount(text: string): Mount {
  const [first = '', second, ...modes] = text.split(':')
  const source = second === undefined ? '' : first
  const isReadOnly = modes.join(':').split(',').includes('ro')
  return { type: isHostPath(source) ? 'bind' : 'volume', source, target: second ?? first, isReadOnly }
}

const isHostPath = (source: string): boolean => /^[./~\\]/.test(source)

/** `volumes_from: [db]` mounts what db mounts. An allowance for db is none for this service. */
function mountsOfOthers(part: ModelPart, seen = new Set([part.name])): Claim[] {
  const { name, service } = part
  return listOf(service['volumes_from']).flatMap((each, index) => {
    const path = ['services', name, 'volumes_from', index]
    const written = textOf(each)
    // Version 1 prints `service:db:rw` for `db`.
    const [kind = '', container = ''] = written.replace(/^service:/, '').split(':')
    if (kind === 'container') return [valueClaim(name, 'volumes-from', `container:${container}`, path, written)]
    const source = serviceNamed(part, kind)
    if (!source) return [valueClaim(name, 'volumes-from', kind, path, written)]
    if (seen.has(kind)) return []
    const other = { ...part, name: kind, service: source }
    const claims = [...ownMounts(other), ...mountsOfOthers(other, new Set([...seen, kind]))]
    return claims.map((claim) => ({ ...claim, service: name, path, written: [written] }))
  })
}

/** Secrets and configs from files, which Compose mounts. Those of a build are read while building. */
function sharedFiles({ root, name, service }: ModelPart, kind: 'secrets' | 'configs'): Claim[] {
  const declared = fieldsOf(root[kind])
  const used = [...listOf(service[kind]), ...listOf(fieldsOf(service['build'])[kind])].map((each) =>
    isFields(each) ? textOf(each['source']) : textOf(each),
  )
  return [...new Set(used)].flatMap((key) => {
    const file = textOf(fieldsOf(declared[key])['file'])
    return file ? [pathClaim(name, 'host-file', file, [kind, key, 'file'])] : []
  })
}

/** Files that Docker itself reads or writes for a service. */
function otherFiles({ name, service }: ModelPart): Claim[] {
  const credentials = pairsOf(service['credential_spec']).filter(([, value]) => value !== '')
  const { options } = fieldsOf(service['logging'])
  const log = pairsOf(options).filter(([, value]) => /^(unix|unixgram|file):|^\//.test(value))
  return [
    ...credentials.map(([kind, value]) =>
      valueClaim(name, 'host-file', `credential_spec ${kind}=${value}`, ['services', name, 'credential_spec', kind], value),
    ),
    ...log.map(([option, value]) =>
      valueClaim(name, 'host-file', `logging ${option}=${value}`, ['services', name, 'logging', 'options', option], value),
    ),
  ]
}
