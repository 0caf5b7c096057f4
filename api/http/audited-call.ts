import { columnsOf } from '../auth/action.ts'
import type { Actor } from '../auth/audit-log.ts'
import type { AnsweredCall } from '../cluster/calls/declared-call.ts'
import type { Services } from '../services.ts'

/** Runs a call that another node made. What a node is told to do is in its own audit log too. */
export async function auditedCall<Input extends object, Output, Read>(
  { access, auditedOperations, self }: Pick<Services, 'access' | 'auditedOperations' | 'self'>,
  actor: Actor,
  call: AnsweredCall<Input, Output, Read>,
  input: Input,
  run: () => Promise<Output>,
): Promise<Output> {
  if (!call.action) return run()
  const action = { ...columnsOf(call.action, call.named?.(input) ?? {}), nodeId: self.id }
  const { begun } = call
  if (!begun) return access.audit.around(actor, action, run, call.outcome)
  const start = async () => {
    const output = await run()
    return { output, ...begun(output) }
  }
  const { output } = await auditedOperations.around(actor, action, start, ({ app }) => ({
    appId: app.id,
    subject: app.name + (call.words?.(input) ?? ''),
  }))
  return output
}
