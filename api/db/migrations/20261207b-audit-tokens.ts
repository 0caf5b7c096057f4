import { Migration } from '@mikro-orm/migrations'

export class Migration20261207AuditTokens extends Migration {
  override up(): void {
    this.addSql(`alter table "audit_entries" add column "token_name" text null`)
  }
}
