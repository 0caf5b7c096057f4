import { Migration } from '@mikro-orm/migrations'

export class Migration20261129AppStatus extends Migration {
  override up(): void {
    this.addSql(`alter table "apps" add column "last_failed_kind" text null`)
    this.addSql(
      `update "apps" set "last_failed_kind" = substr("last_error", 1, instr("last_error", ' ') - 1) where "last_error" is not null`,
    )
    this.addSql(`alter table "apps" add column "wanted" json null`)
    this.addSql(`alter table "apps" add column "stopped_containers" json null`)
  }
}
