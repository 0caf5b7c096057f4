import { textOf } from './model-values.ts'
import { serviceNamed, valueClaim, type ModelPart } from './model-part.ts'
import type { Claim, PolicyRule } from './policy-finding.ts'

const hostRules = {
  network_mode: 'host-network',
  pid: 'host-pid',
  ipc: 'host-ipc',
  uts: 'host-uts',
  userns_mode: 'host-userns',
  cgroup: 'cgroup',
} as const satisfies Record<string, PolicyRule>
type NamespaceKey = keyof typeof hostRules
const keys = Object.keys(hostRules) as NamespaceKey[]

/** Namespaces that a service shares with the host or with another container. */
export const namespaceClaims = (part: ModelPart): Claim[] => keys.flatMap((key) => claimsOf(part, key, modeOf(part, key)))

function claimsOf({ name, service }: ModelPart, key: NamespaceKey, mode: string): Claim[] {
  const [path, written] = [['services', name, key], textOf(service[key])]
  if (mode.toLowerCase() === 'host') return [valueClaim(name, hostRules[key], key === 'cgroup' ? 'host' : null, path, written)]
  // `ns:` joins a namespace by its path.
  if (/^(container|ns):/i.test(mode)) return [valueClaim(name, 'container-namespace', `${key} ${mode}`, path, written)]
  return []
}

/** `service:db` is what db has. An allowance for db is none for the services that join it. */
function modeOf(part: ModelPart, key: NamespaceKey): string {
  const seen = new Set<string>()
  let mode = textOf(part.service[key]).trim()
  for (;;) {
    const target = /^service:(.+)$/i.exec(mode)?.[1]
    const joined = target === undefined || seen.has(target) ? null : serviceNamed(part, target)
    if (target === undefined || !joined) return mode
    seen.add(target)
    mode = textOf(joined[key]).trim()
  }
}
