import { Migration } from '@mikro-orm/migrations'

/** Null: from before the safety policy. */
export class Migration20261130Policy extends Migration {
  override up(): void {
    for (const table of ['apps', 'app_versions']) {
      this.addSql(`alter table "${table}" add column "allowances" json null`)
      this.addSql(`alter table "${table}" add column "model_hash" text null`)
    }
  }
}
