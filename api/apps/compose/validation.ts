import type { ComposeProblem } from '../compose-problem.ts'
import type { ComposeVariable } from '../environment/variables.ts'
import type { PolicyFinding as FullFinding } from './policy/policy-finding.ts'

/** What is wrong with a draft of an app, and what to know before deploying it. */
export interface AppValidation {
  /** False with problems, and with findings that are not allowed. */
  ok: boolean
  /** The app is refused because of these. */
  problems: ComposeProblem[]
  /** Worth knowing, but the app is accepted. */
  warnings: ComposeProblem[]
  findings: PolicyFinding[]
  variables: ComposeVariable[]
  /** The file as Compose reads it, as YAML without secrets. Null when Compose refuses it or was not asked. */
  resolved: string | null
}

/** What people see of a finding of the safety policy. The rule can be one of a newer version. */
export interface PolicyFinding extends Pick<FullFinding, 'detail' | 'path' | 'message' | 'line' | 'allowed' | 'canBeAllowed'> {
  rule: string
  service: string
}
