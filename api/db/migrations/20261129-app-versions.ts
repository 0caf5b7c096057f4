import { Migration } from '@mikro-orm/migrations'

export class Migration20261129AppVersions extends Migration {
  override up(): void {
    // What is there already counts as the first version.
    this.addSql(`alter table "apps" add column "version" integer not null default 1`)
  }
}
