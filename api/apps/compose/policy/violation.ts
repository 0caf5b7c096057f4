import { bounds, cut } from '../../../bounds.ts'
import { AppError } from '../../../errors.ts'
import type { PolicyFinding } from './policy-finding.ts'

/** `line 4: services.web.cap_add[0] (capability): The service ...` */
const placed = ({ line, path, rule, message }: PolicyFinding): string =>
  cut(`${line === null ? '' : `line ${line}: `}${path} (${rule}): ${message}`, bounds.policy.message)

/** More than anyone reads at once. */
const mostNamed = 20

/**
 * @param prelude what was being done, for what is refused long after it was asked for
 * @throws POLICY_VIOLATION, with every finding that nobody has allowed
 */
export function refuseFindings(findings: PolicyFinding[], prelude = ''): void {
  const open = findings.filter(({ allowed }) => !allowed)
  if (open.length === 0) return
  const fields = open.slice(0, mostNamed).map((finding) => ({ field: 'composeContent', message: placed(finding) }))
  const more = open.length > mostNamed ? `; and ${open.length - mostNamed} more` : ''
  throw new AppError('POLICY_VIOLATION', prelude + fields.map(({ message }) => message).join('; ') + more, { fields })
}
