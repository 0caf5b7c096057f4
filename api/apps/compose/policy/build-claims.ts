import { posix } from 'node:path'
import { pathClaim, valueClaim, type ModelPart } from './model-part.ts'
import { fieldsOf, isTrue, listOf, pairsOf, textOf, type Fields } from './model-values.ts'
import type { Claim } from './policy-finding.ts'

/** What a build reads from the host, writes there, and does with its rights. */
export function buildClaims({ name, service }: ModelPart): Claim[] {
  const written = service['build']
  const build = typeof written === 'string' ? { context: written } : fieldsOf(written)
  if (written === undefined || written === null) return []
  return [...contextClaims(name, build), ...cacheClaims(name, build), ...keyClaims(name, build), ...rightClaims(name, build)]
}

/** Fetched like an image, so it reaches nothing here. */
const isRemote = (context: string): boolean => /^(https?|git|docker-image|service|target):|^github\.com\//i.test(context)
/** Fetched with the keys of this machine's user. */
const needsKeys = (context: string): boolean => /^(ssh:|git@|[\w.-]+@[\w.-]+:)/i.test(context)

function contextClaims(name: string, build: Fields): Claim[] {
  const context = textOf(build['context'])
  const more = pairsOf(build['additional_contexts']).map(([key, value, at]) => [value || key, 'additional_contexts', at] as const)
  const all = [[context, 'context', null] as const, ...more].filter(([value]) => value !== '')
  const contexts = all.flatMap(([value, key, at]): Claim[] => {
    const path = ['services', name, 'build', key, ...(at === null ? [] : [at])]
    if (needsKeys(value)) return [valueClaim(name, 'host-file', `ssh ${value}`, path, value)]
    if (isRemote(value)) return []
    return [pathClaim(name, 'build-context', value.replace(/^(oci-layout|file|local):(\/\/)?/i, ''), path, { written: [value] })]
  })
  const dockerfile = textOf(build['dockerfile'])
  const isLocal = context !== '' && !isRemote(context) && !needsKeys(context)
  const file =
    dockerfile === '' || !isLocal || isRemote(dockerfile) ? [] : [posix.isAbsolute(dockerfile) ? dockerfile : `${context}/${dockerfile}`]
  return [
    ...contexts,
    ...file.map((path) =>
      pathClaim(name, 'build-context', path, ['services', name, 'build', 'dockerfile'], { written: [dockerfile], within: context }),
    ),
  ]
}

/** `type=local,src=/x` and `dest=/x` are folders of the host. */
const cacheClaims = (name: string, build: Fields): Claim[] =>
  ['cache_from', 'cache_to'].flatMap((key) =>
    listOf(build[key]).flatMap((each, index) =>
      [...textOf(each).matchAll(/(?:^|,)"?(?:src|dest)=([^,"]+)/gi)].map(([, folder = '']) =>
        pathClaim(name, 'build-context', folder, ['services', name, 'build', key, index], { isReadOnly: key === 'cache_from' }),
      ),
    ),
  )

/** `ssh: [default]` lets the build use the keys of this machine's user. */
const keyClaims = (name: string, build: Fields): Claim[] =>
  pairsOf(typeof build['ssh'] === 'string' ? [build['ssh']] : build['ssh']).map(([id, file, at]) =>
    valueClaim(name, 'host-file', `ssh ${file ? `${id}=${file}` : id}`, ['services', name, 'build', 'ssh', at], file || id),
  )

function rightClaims(name: string, build: Fields): Claim[] {
  const at = (...more: (string | number)[]) => ['services', name, 'build', ...more]
  const network = textOf(build['network'])
  return [
    ...(isTrue(build['privileged']) ? [valueClaim(name, 'privileged', 'build', at('privileged'))] : []),
    ...listOf(build['entitlements']).map((each, index) =>
      valueClaim(name, 'privileged', `build ${textOf(each)}`, at('entitlements', index), textOf(each)),
    ),
    ...(network.toLowerCase() === 'host' ? [valueClaim(name, 'host-network', 'build', at('network'), network)] : []),
    ...(/^container:/i.test(network) ? [valueClaim(name, 'container-namespace', `build ${network}`, at('network'), network)] : []),
  ]
}
