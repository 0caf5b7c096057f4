import type { AuditEntry, AuditFilter, AuditLog } from '../auth/audit-log.ts'
import type { AuditedOperations } from '../auth/audited-operations.ts'
import type { Access } from './access.ts'

/** The audit log, for callers who see every node. */
export function createUserAudit(deps: { access: Access; audit: AuditLog; auditedOperations: AuditedOperations }) {
  const { access, audit, auditedOperations } = deps
  return {
    /** @throws FORBIDDEN */
    async list(filter: AuditFilter, page: { limit: number; before?: number | undefined }): Promise<AuditEntry[]> {
      access.need('audit.read')
      // A caller who knows that an operation has ended must find its end here.
      await auditedOperations.flush()
      return audit.list(filter, page)
    },
    /** @throws FORBIDDEN */
    async count(filter: AuditFilter): Promise<number> {
      access.need('audit.read')
      return audit.count(filter)
    },
    /** The id of each new line. @throws FORBIDDEN */
    watch() {
      access.need('audit.read')
      return access.watch('audit', { seen: String, keyOf: () => 'newest' })
    },
    /** The running operation that a line started. */
    operationSince: ({ id }: AuditEntry): string | undefined => auditedOperations.operationSince(id),
  }
}
