import { Migration } from '@mikro-orm/migrations'

export class Migration20261204Timeline extends Migration {
  override up(): void {
    this.addSql(
      'create table "timeline_entries" ("id" integer not null primary key autoincrement, "kind" text not null, "what" text not null, "at" datetime not null, "until" datetime null, "app" text not null, "name" text not null, "detail" text null, "times" integer not null)',
    )
    this.addSql('create index "timeline_entries_at_index" on "timeline_entries" ("at")')
    this.addSql('create index "timeline_entries_app_at_index" on "timeline_entries" ("app", "at")')
  }
}
