import type { ComposeProblem } from '../compose-problem.ts'

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

/** Something in the file that the safety policy does not allow by itself. */
export interface PolicyFinding {
  rule: string
  /** The value in question, such as the path that is mounted. */
  detail: string
  service: string | null
  /** The place in the model, such as `services.web.cap_add[0]`. */
  path: string
  message: string
  line: number | null
  /** Whether an administrator has allowed it. */
  allowed: boolean
}

/** A variable that the file uses. */
export interface ComposeVariable {
  name: string
  /** What `${NAME:-default}` falls back to. */
  default: string | null
  /** Compose refuses the file without it: `${NAME:?why}`. */
  required: boolean
  isSet: boolean
}
