import { Migration } from '@mikro-orm/migrations'

export class Migration20261124NodeKeys extends Migration {
  override up(): void {
    this.addSql(`alter table "nodes" add column "next_api_key" text not null default ''`)
    this.addSql(`alter table "nodes" add column "key_changed_at" datetime null`)
    this.addSql(`update "nodes" set "key_changed_at" = "created_at" where "is_primary" = 0`)
  }
}
