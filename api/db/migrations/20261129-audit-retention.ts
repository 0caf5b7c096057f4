import { Migration } from '@mikro-orm/migrations'

/** Allows deleting old audit entries, but never the newest thousand. */
export class Migration20261129AuditRetention extends Migration {
  override up(): void {
    this.addSql('drop trigger "audit_entries_no_delete"')
    this.addSql(`create trigger "audit_entries_no_delete" before delete on "audit_entries"
      when old."id" > (select max("id") from "audit_entries") - 1000
      begin select raise(abort, 'the audit log is append-only'); end`)
  }
}
