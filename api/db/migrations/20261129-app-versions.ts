import { Migration } from '@mikro-orm/migrations'

export class Migration20261129AppVersions extends Migration {
  override up(): void {
    // Existing apps start at version 1.
    this.addSql(`alter table "apps" add column "version" integer not null default 1`)
  }
}
