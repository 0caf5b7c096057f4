import type { PolicyRule } from './policy-finding.ts'

/** What each rule would let a container do, to follow "the service". */
const effects: Record<PolicyRule, (detail: string) => string> = {
  privileged: privilegedWords,
  'host-network': (detail) =>
    detail === ''
      ? "would use the host's own network: it reaches services that listen only there and can read the host's traffic"
      : detail === 'build'
        ? "would be built on the host's own network, with services that listen only there"
        : `would join a network of the host's own (${detail}), and can read and answer what others send there`,
  'host-pid': () => 'would see every process of the host, read their environment and end them',
  'host-ipc': () => "would share the host's memory segments and can read what its programs exchange",
  'host-uts': () => "would share the host's name and can change it",
  'host-userns': () => "would be root as the host's root, without the user namespace that Docker puts between",
  'container-namespace': (detail) => `would join another container (${detail}) and see its network or processes`,
  'docker-socket': (detail) => `would get Docker's socket (${detail}), and whoever controls Docker is root on the host`,
  'bind-mount': (detail) =>
    detail.endsWith(':ro')
      ? `would read ${detail.slice(0, -3)} on the host, which is outside the app's folder`
      : `would read and write ${detail} on the host, which is outside the app's folder`,
  'volume-driver': (detail) => `would get a volume that the host mounts as root (${detail})`,
  device: (detail) => `would use a device of the host (${detail})`,
  capability: (detail) => `would have the capability ${detail}, which Docker does not give to containers`,
  'security-opt': (detail) => `would run with ${detail}, which changes how Docker keeps containers apart`,
  cgroup: (detail) => `would use the host's control groups (${detail}), so limits meant for it may not hold`,
  sysctl: (detail) => `would set the kernel parameter ${detail}`,
  'host-file': (detail) => `would get the content of ${detail} from the host, which is outside the app's folder`,
  'build-context': (detail) => `would be built with files from ${detail} on the host, which is outside the app's folder`,
  'volumes-from': (detail) => `would get the volumes of another app's container (${detail})`,
  'external-include': (detail) => `takes a part of its file from ${detail}, which is outside the app's folder`,
}

function privilegedWords(detail: string): string {
  if (detail.startsWith('provider ') || detail.startsWith('model ')) return `would start a program on the host itself (${detail})`
  if (detail.startsWith('build')) return 'would be built with all rights on the host, like root there'
  if (detail !== '') return `would run its ${detail} command with all rights on the host, like root there`
  return 'would run with all rights on the host, like root there'
}

export interface Asked {
  rule: PolicyRule
  detail: string | null
  service: string
  /** No allowance can cover it. */
  isOpen: boolean
}

/** For example: the service "web" would ... An administrator can allow it with allow: ["capability:SYS_ADMIN"] */
export function policyMessage({ rule, detail, service, isOpen }: Asked): string {
  const subject = service === '' ? 'The app' : `The service "${service}"`
  const what = `${subject} ${effects[rule](detail ?? '')}`
  if (isOpen) return `${what}. What this stands for can change later, so it cannot be allowed. Write the value itself`
  return `${what}. An administrator can allow it with allow: [${JSON.stringify(detail === null ? rule : `${rule}:${detail}`)}]`
}
