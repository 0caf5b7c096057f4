import { computed } from 'vue'
import type { WritableComputedRef } from 'vue'
import type { AuditChoice } from '../../utils/audit/audit-filter.ts'
import { emptyChoice } from '../../utils/audit/audit-filter.ts'
import { useUrlChoices } from '../shared/useUrlChoices.ts'

const names = Object.keys(emptyChoice) as (keyof AuditChoice)[]
const typed: (keyof AuditChoice)[] = ['search', 'actor', 'action']

/** What the audit log is narrowed to, as the URL says. */
export function useAuditChoice(): WritableComputedRef<AuditChoice> {
  const choices = useUrlChoices()
  const parts = names.map((name) => ({ name, value: typed.includes(name) ? choices.typed(name) : choices.text(name) }))
  return computed({
    get: () => Object.fromEntries(parts.map(({ name, value }) => [name, value.value])) as unknown as AuditChoice,
    set: (next) => {
      for (const { name, value } of parts) if (value.value !== next[name]) value.value = next[name]
    },
  })
}
