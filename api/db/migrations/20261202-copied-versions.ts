import { Migration } from '@mikro-orm/migrations'

export class Migration20261202CopiedVersions extends Migration {
  override up(): void {
    this.addSql(
      'create table "app_copy_versions" ("id" text not null primary key, "copy_app_id" text not null references "app_copies" ("app_id") on delete cascade, "number" integer not null, "outcome" text not null, "contents" text not null)',
    )
    this.addSql('create index "app_copy_versions_copy_app_id_index" on "app_copy_versions" ("copy_app_id")')
    // It was not known what had become of these.
    this.addSql('update "app_copies" set "made_again" = null')
  }
}
