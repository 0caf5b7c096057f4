/** What a Compose file can ask for that reaches the host of its containers, or other containers on it. */
export const policyRules = [
  'privileged',
  'host-network',
  'host-pid',
  'host-ipc',
  'host-uts',
  'host-userns',
  'container-namespace',
  'docker-socket',
  'bind-mount',
  'volume-driver',
  'device',
  'capability',
  'security-opt',
  'cgroup',
  'sysctl',
  'host-file',
  'build-context',
  'volumes-from',
  'external-include',
] as const
export type PolicyRule = (typeof policyRules)[number]

export const isPolicyRule = (word: string): word is PolicyRule => policyRules.some((rule) => rule === word)

/** Something in a Compose file that needs an administrator's permission. */
export interface PolicyFinding {
  rule: PolicyRule
  /** The value in one spelling, whatever the file's: `SYS_ADMIN`, `/etc:ro`. Null when the rule says it all. */
  detail: string | null
  /** Empty for what belongs to the whole file. */
  service: string
  /** The place in the resolved model, such as `services.web.cap_add[0]`. */
  path: string
  message: string
  /** In the app's Compose file; null when the finding comes from another file. */
  line: number | null
  allowed: boolean
  /** Whether an allowance can cover it. Not for what could change later without anyone seeing it. */
  canBeAllowed: boolean
}

/** What a part of a file asks for, before its paths are looked up on the disk. */
export type Claim = ValueClaim | PathClaim

interface ClaimPlace {
  service: string
  /** Keys and list indexes that lead there. */
  path: (string | number)[]
  /** Texts that the file may have there, best first, to find its line. */
  written: string[]
}

export interface ValueClaim extends ClaimPlace {
  rule: PolicyRule
  detail: string | null
  /** No allowance can cover it, because what it stands for can change without anyone seeing it. */
  isOpen?: boolean
  /** Instead of the rule's own words. */
  words?: string
}

/** A path on the host. It is a finding only if it leads out of the app's folder. */
export interface PathClaim extends ClaimPlace {
  rule: 'bind-mount' | 'host-file' | 'build-context' | 'external-include'
  hostPath: string
  isReadOnly: boolean
  /** A path with a claim of its own. What is inside it needs no second one. */
  within?: string
}
