import { Migration } from '@mikro-orm/migrations'

export class Migration20261129AuditOutcomes extends Migration {
  override up(): void {
    this.addSql(`alter table "audit_entries" add column "duration_ms" integer null`)
    this.addSql(`create index "audit_entries_started_id_index" on "audit_entries" ("started_id")`)
    this.addSql(
      `create table "audit_operations" (
        "started_id" integer not null primary key, "operation_id" text not null, "node_id" text not null,
        "actor" json not null, "action" json not null, "loss_is_said" integer not null)`,
    )
  }
}
